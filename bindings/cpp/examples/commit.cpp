// Commits weights that a function makes as they are asked for, and a text, together: both or neither appear.
//
//   c++ -std=c++17 commit.cpp $(pkg-config --cflags --libs hfx) -o commit && HF_TOKEN=hf_... ./commit owner/name 3
#include <hfx.hpp>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: commit OWNER/NAME MEBIBYTES\n");
        return 2;
    }
    try {
        const auto client = hfx::client::open(hfx::options::from_env());
        const auto repo = hfx::repo::model(argv[1]);
        const std::uint64_t size = std::strtoull(argv[2], nullptr, 10) << 20;

        hfx::commit commit;
        commit.add_bytes("README.md", std::string("# Made by a program\n"))
            .add_reader("weights.bin", size, [](std::uint64_t offset, hfx::buffer into) {
                for (auto& byte : into) {
                    byte = static_cast<std::byte>(offset++ * 31); // the same bytes each time: they are hashed first
                }
                return static_cast<std::int64_t>(into.size());
            });
        const auto made = client.commit(repo, commit, hfx::options().commit_message("Weights and a text")).get();
        std::printf("%s\n", made.url().c_str());
    } catch (const hfx::error& error) {
        if (error.code() == hfx::errc::conflict) {
            std::fprintf(stderr, "somebody else has committed: the head is %s now\n", error.commit().c_str());
        }
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
