// Downloads many files with one thread and poll(2): the way into an event loop. A descriptor says when jobs have ended.
//
//   c++ -std=c++17 poll.cpp $(pkg-config --cflags --libs hfx) -o poll
//   ./poll openai-community/gpt2 config.json vocab.json
#include <hfx.hpp>

#include <cstdio>
#include <map>
#include <poll.h>

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: poll OWNER/NAME FILE...\n");
        return 2;
    }
    int failed = 0;
    try {
        const auto client = hfx::client::open(hfx::options::from_env());
        const auto repo = hfx::repo::model(argv[1]);
        const int fd = client.event_fd(); // before the jobs whose end it shall tell

        std::map<std::uint64_t, hfx::job<hfx::file>> running;
        for (int i = 2; i < argc; i++) {
            auto job = client.download_file(repo, argv[i]);
            const auto id = job.id();
            running.emplace(id, std::move(job));
        }
        while (!running.empty()) {
            pollfd ready{fd, POLLIN, 0};
            poll(&ready, 1, -1); // and whatever else the program waits for

            while (const auto ended = client.next_job()) {
                const auto job = running.find(ended->id());
                try {
                    std::printf("%s\n", job->second.get().path().c_str()); // does not wait: it has ended
                } catch (const hfx::error& error) {
                    std::fprintf(stderr, "%s\n", error.what());
                    failed = 1;
                }
                running.erase(job);
            }
        }
    } catch (const hfx::error& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return failed;
}
