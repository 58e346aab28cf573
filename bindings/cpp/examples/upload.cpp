// Uploads a folder in a commit of its own, and prints the commit's page. What the repository has already is not sent.
//
//   c++ -std=c++17 upload.cpp $(pkg-config --cflags --libs hfx) -o upload && HF_TOKEN=hf_... ./upload owner/name ./out
#include <hfx.hpp>

#include <cstdio>

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: upload OWNER/NAME FOLDER\n");
        return 2;
    }
    try {
        const auto client = hfx::client::open(hfx::options::from_env());
        const auto repo = hfx::repo::model(argv[1]);
        client.repo_create(repo, hfx::options().exist_ok(true)).get();
        const auto made = client.upload_folder(repo, argv[2], {}, hfx::options().commit_message("From C++")).get();
        for (const auto& file : made) {
            const bool sent = file.how == hfx::committed_how::regular || file.how == hfx::committed_how::lfs;
            std::fprintf(stderr, "%s %s\n", sent ? "sent     " : "unchanged", file.path.c_str());
        }
        std::printf("%s\n", made.url().c_str());
    } catch (const hfx::error& error) {
        std::fprintf(stderr, "%s: %s\n", hfx::name(error.code()).c_str(), error.what());
        return 1;
    }
    return 0;
}
