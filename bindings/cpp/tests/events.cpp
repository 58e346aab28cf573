// One descriptor for all jobs, and closing with a bound.
#include "test.hpp"

#include <map>
#include <poll.h>

void test::events(const place& at) {
    const auto client = at.client();
    const int fd = OK(client.event_fd());
    CHECK(!OK(client.next_job()));
    const auto many = OK(hfx::repo::model("acme/many"));

    std::map<std::uint64_t, hfx::job<hfx::file>> running;
    for (const char* name : {"file_01.txt", "file_02.txt", "file_03.txt", "absent"}) {
        auto job = OK(client.download_file(many, name));
        const auto id = job.id();
        running.emplace(id, std::move(job));
    }
    (void)OK(client.read_file(many, "file_04.txt")); // its handle is dropped: it comes back as well
    int files = 0, failures = 0, reads = 0;
    while (files + failures + reads < 5) {
        pollfd ready{fd, POLLIN, 0};
        CHECK(poll(&ready, 1, 60000) == 1);
        const auto ended = OK(client.next_job());
        if (!ended) {
            continue;
        }
        const auto job = running.find(ended->id());
        if (job == running.end()) {
            CHECK(OK(ended->take<hfx::bytes>()).text() == std::string(20000, 'e'));
            reads++;
            continue;
        }
        auto file = job->second.future(); // ready, since it has ended
        CHECK(file.wait_for(std::chrono::seconds(60)) == std::future_status::ready);
#if HFX_HPP_THROWS
        try {
            CHECK(std::filesystem::exists(file.get().path().c_str()));
            files++;
        } catch (const hfx::error& error) {
            CHECK(error.code() == hfx::errc::entry_not_found);
            failures++;
        }
#else
        const auto made = file.get();
        CHECK(made || made.error().code() == hfx::errc::entry_not_found);
        (made ? files : failures)++;
#endif
    }
    CHECK(files == 3 && failures == 1 && reads == 1 && !OK(client.next_job()));
    CHECK(OK(client.close_for(std::chrono::seconds(60))));
    OK(client.close());
}
