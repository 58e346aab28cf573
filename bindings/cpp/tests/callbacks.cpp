// Progress, completion, log, futures, cancel and pause; and what happens to exceptions that leave callbacks.
#include "test.hpp"

#include <atomic>
#include <cstring>
#include <thread>

namespace {

using namespace std::chrono_literals;

void slow(const hfx::client& client, bool on) {
    const char* const rule = R"([{"match": {"path": "model.bin", "port": "cdn", "times": 0}, "do": {"rate": 200000}}])";
    OK(OK(client.call("PUT", "/_hfx/faults", on ? rule : "[]")).get());
}


// A connection that breaks is logged.
void stumble(const hfx::client& client, const hfx::repo& big) {
    const char* const rule = R"([{"match": {"path": "model.bin"}, "do": {"drop_after": 100000}}])";
    OK(OK(client.call("PUT", "/_hfx/faults", rule)).get());
    OK(OK(client.download_file(big, "model.bin", hfx::options().force(true))).get());
    slow(client, false);
}

void progress(const test::place& at, const hfx::repo& big) {
    std::atomic<int> client_calls{0}, client_ends{0};
    const auto client =
        OK(hfx::client::open(at.options()
                                 .on_progress([&](const hfx::progress_view& now) {
                                     CHECK(now.job_id() > 0 && now.bytes_done() <= now.bytes_total());
                                     client_calls++;
                                 })
                                 .on_done([&](const hfx::job_view&) { client_ends++; })));
    OK(OK(client.read_file(big, "small.txt")).get());
    CHECK(client_calls > 0 && client_ends == 1);

    // A job's own take the place of the client's; get() waits for them.
    int calls = 0;
    std::uint64_t last = 0;
    std::string path;
    std::optional<hfx::any_job> kept;
    const int before = client_calls;
    const auto own = hfx::options()
                         .on_progress([&](const hfx::progress_view& now) {
                             calls++;
                             last = now.bytes_done();
                         })
                         .on_done([&](const hfx::job_view& job) {
                             CHECK(FAILS(job.take<hfx::bytes>()).code() == hfx::errc::invalid_argument);
                             path = OK(job.take<hfx::file>()).path();
                             kept = OK(job.keep());
                         });
    const auto job = OK(client.download_file(big, "model.bin", own));
    CHECK(FAILS(job.get()).code() == hfx::errc::already_taken);
    CHECK(kept->id() == job.id() && OK(kept->ended()));
    CHECK(calls > 0 && last == 24u << 20 && client_calls == before && std::filesystem::exists(path));
    CHECK(OK(job.ended()) && OK(job.wait_for(0s)) && OK(job.progress()).bytes_total() == 24u << 20);
    OK(job.check());
    OK(job.wait());
}

void futures(const hfx::client& client, const hfx::repo& big) {
    auto file = OK(client.download_file(big, "small.txt")).future(); // the job's handle is gone; the job goes on
    CHECK(file.wait_for(60s) == std::future_status::ready && std::filesystem::exists(OK(file.get()).path().c_str()));
    const auto job = OK(client.file_exists(big, "absent"));
    OK(job.wait());
    CHECK(!OK(job.future().get())); // asked for after the end
    CHECK(FAILS(job.future().get()).code() == hfx::errc::already_taken);
    CHECK(FAILS(OK(client.download_file(big, "absent")).future().get()).code() == hfx::errc::entry_not_found);
    OK(OK(client.auth_check(big)).future().get());
}

void control(const test::place& at, const hfx::repo& big) {
    const auto client = at.client();
    slow(client, true);
    const auto job = OK(client.download_file(big, "model.bin", hfx::options().force(true)));
    CHECK(!OK(job.wait_for(50ms)) && !OK(job.ended()));
    CHECK(FAILS(job.check()).code() == hfx::errc::not_ended);
    CHECK(FAILS(job.take<hfx::file>()).code() == hfx::errc::not_ended);
    job.pause();
    job.resume();
    job.cancel();
    CHECK(FAILS(job.get()).code() == hfx::errc::cancelled);

    // Memory of the caller is let go of before the job's handle has gone.
    {
        std::vector<char> memory(24u << 20);
        const auto reading = OK(client.read_file_into(memory, big, "model.bin"));
    }
    slow(client, false);

    // Waiting inside a callback would wait for itself.
    std::atomic<bool> refused{false};
    hfx::job<hfx::bytes>* inside = nullptr;
    std::promise<void> ready;
    auto self = OK(client.read_file(big, "small.txt", {}, hfx::options().on_done([&](const hfx::job_view&) {
        ready.get_future().wait();
        refused = FAILS(inside->get()).code() == hfx::errc::would_deadlock;
    })));
    inside = &self;
    ready.set_value();
    CHECK(OK(self.get()).text() == "s" && refused);
}

void logs(const test::place& at, const hfx::repo& big) {
    std::atomic<int> lines{0};
    const auto client = OK(hfx::client::open(
        at.options().on_log(hfx::log_level::debug, [&](hfx::log_level, hfx::zstring_view room, hfx::zstring_view line) {
            CHECK(!room.empty() && !line.empty());
            lines++;
        })));
    stumble(client, big);
    OK(client.close());
    CHECK(lines > 0);
}

#if HFX_HPP_CATCHES

struct mishap : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Whether the call ends with the exception that a callback threw, or with an error that tells its text.
template <class Call>
bool mishaps(Call call) {
#if HFX_HPP_THROWS
    try {
        call();
    } catch (const mishap& caught) {
        return std::strcmp(caught.what(), "mishap") == 0;
    }
    return false;
#else
    const auto ended = call();
    return !ended && ended.error().code() == hfx::errc::callback && std::strcmp(ended.error().what(), "mishap") == 0;
#endif
}

void exceptions(const test::place& at, const hfx::repo& big) {
    const auto client = at.client();
    const auto in_progress = hfx::options().force(true).on_progress([](const auto&) { throw mishap("mishap"); });
    slow(client, true);
    const auto slow_job = OK(client.download_file(big, "model.bin", in_progress)); // ended by the exception
    CHECK(mishaps([&] { return slow_job.get(); }));
    CHECK(FAILS(slow_job.check()).code() == hfx::errc::cancelled);
    slow(client, false);
    CHECK(mishaps([&] { return OK(client.read_file(big, "small.txt", {}, in_progress)).future().get(); }));

    const auto in_done = hfx::options().on_done([](const auto&) { throw mishap("mishap"); });
    const auto done = OK(client.read_file(big, "small.txt", {}, in_done));
    CHECK(mishaps([&] { return done.get(); }));
    CHECK(OK(done.get()).text() == "s"); // told once; the result is still there

    const auto in_chunk = [](std::uint64_t, hfx::const_buffer) { throw mishap("mishap"); };
    CHECK(mishaps([&] { return OK(client.stream_file(big, "model.bin", {}, in_chunk)).get(); }));
    CHECK(mishaps([&] { return OK(client.stream_file(big, "model.bin", {}, in_chunk)).future().get(); }));

    const auto to = OK(hfx::repo::model("acme/pushed"));
    OK(OK(client.repo_create(to, hfx::options().exist_ok(true))).get());
    hfx::commit commit;
    commit.add_reader("a.bin", 100, [](std::uint64_t, hfx::buffer) -> std::int64_t { throw mishap("mishap"); });
    CHECK(mishaps([&] { return OK(client.commit(to, commit)).get(); }));
    CHECK(commit.size() == 1);

    const auto noisy = OK(hfx::client::open(at.options().on_log(
        hfx::log_level::debug, [](hfx::log_level, hfx::zstring_view, hfx::zstring_view) { throw mishap("mishap"); })));
    stumble(noisy, big);
    CHECK(mishaps([&] { return noisy.close(); }));
}

#endif

// What callbacks hold is let go of, once.
void lifetimes(const test::place& at, const hfx::repo& big) {
    auto token = std::make_shared<int>(7);
    const auto holds = [token](const auto&...) { return true; };
    {
        const auto client = OK(hfx::client::open(at.options().on_progress([holds](const auto& now) { holds(now); })));
        auto job = OK(client.stream_file(big, "model.bin", {0, 100000}, holds,
                                         hfx::options().on_done([holds](const auto& ended) { holds(ended); })));
        auto later = job.future();
        CHECK(OK(later.get()).length() == 100000);
        // Refused calls let go, too.
        CHECK(FAILS(client.stream_file(big, std::string_view("a\0b", 3), {}, holds)).code() ==
              hfx::errc::invalid_argument);
        (void)OK(client.stream_file(big, "model.bin", {}, holds)); // dropped while it runs
    }
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (token.use_count() > 2 && std::chrono::steady_clock::now() < until) {
        std::this_thread::yield(); // the library's threads have ended; only this scope's two are left
    }
    CHECK(token.use_count() == 2);
}

} // namespace

void test::callbacks(const place& at) {
    const auto big = OK(hfx::repo::model("acme/big"));
    progress(at, big);
    {
        const auto client = at.client();
        futures(client, big);
    }
    control(at, big);
    logs(at, big);
#if HFX_HPP_CATCHES
    exceptions(at, big);
#endif
    lifetimes(at, big);
}
