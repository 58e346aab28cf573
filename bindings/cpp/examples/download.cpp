// Downloads a model with its progress on stderr, and prints its folder. A second run goes on where this one ended.
//
//   c++ -std=c++17 download.cpp $(pkg-config --cflags --libs hfx) -o download && ./download openai-community/gpt2
#include <hfx.hpp>

#include <cinttypes>
#include <cstdio>

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: download OWNER/NAME [PATTERN...]\n");
        return 2;
    }
    try {
        // The environment says where the cache is and who we are, as it does for the Python client.
        const auto client = hfx::client::open(hfx::options::from_env());
        auto what = hfx::options().fail_fast(false).on_progress([](const hfx::progress_view& now) {
            std::fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " MB, %" PRIu64 " of %" PRIu64 " files",
                         now.bytes_done() / 1000000, now.bytes_total() / 1000000, now.files_done(), now.files());
        });
        for (int i = 2; i < argc; i++) {
            what.add_include(argv[i]);
        }
        const auto job = client.download_snapshot(hfx::repo::model(argv[1]), what);
        try {
            std::printf("%s\n", job.get().path().c_str());
        } catch (const hfx::error& error) {
            if (error.code() == hfx::errc::incomplete) {
                for (const auto& file : job.progress().each_file()) {
                    if (file.error) {
                        std::fprintf(stderr, "\n%s: %s", file.name.c_str(), file.error->what());
                    }
                }
            }
            throw;
        }
    } catch (const hfx::error& error) {
        std::fprintf(stderr, "\n%s: %s\n", hfx::name(error.code()).c_str(), error.what());
        return 1;
    }
    return 0;
}
