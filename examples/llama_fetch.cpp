// What llama.cpp's `-hf user/repo[:quant]` does, on hfx: finds the GGUF of a quantisation in a repository, downloads it
// (all its parts, when it is split) and the multi-modal projector beside it into the cache that all Hugging Face tools
// share, and prints the path to load; a projector's path comes second. Resumed when it was killed; without network, or
// with HF_HUB_OFFLINE=1, it answers from the cache. HF_TOKEN, HF_ENDPOINT, HF_HOME and proxies are taken from the
// environment.
//
//   c++ -std=c++17 llama_fetch.cpp $(pkg-config --cflags --libs hfx) -o llama_fetch
//   ./llama_fetch ggml-org/gemma-3-4b-it-GGUF:Q4_K_M
#include <hfx.hpp>

#include <algorithm>
#include <cctype>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

bool ends_with(const std::string& text, const std::string& end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

bool is_gguf(const std::string& path) { return ends_with(lower(path), ".gguf"); }

bool is_named(const std::string& path, const char* word) {
    return lower(path.substr(folder_of(path).size())).find(word) != std::string::npos;
}

bool is_mmproj(const std::string& path) { return is_gguf(path) && is_named(path, "mmproj"); }

// A GGUF to load by itself: no projector, importance matrix or draft model, which lie beside models.
bool is_model(const std::string& path) {
    const auto beside = {"mmproj", "imatrix", "mtp-", "eagle3-", "dflash-", "dspark-"};
    return is_gguf(path) && std::none_of(beside.begin(), beside.end(),
                                         [&](const char* word) { return is_named(path, word); });
}

// "model-00002-of-00005.gguf": the number of the part, and of all parts; 1 of 1 for a whole file.
struct part {
    int number = 1;
    int count = 1;
    std::string stem; // what all parts have in front
};

part part_of(const std::string& path) {
    const std::string form = "-00000-of-00000.gguf";
    part is;
    if (path.size() < form.size()) {
        return is;
    }
    const std::size_t at = path.size() - form.size();
    for (std::size_t i = 0; i < form.size(); i++) {
        const auto c = static_cast<unsigned char>(path[at + i]);
        if (form[i] == '0' ? !std::isdigit(c) : c != static_cast<unsigned char>(form[i])) {
            return is;
        }
    }
    return {std::stoi(path.substr(at + 1, 5)), std::stoi(path.substr(at + 10, 5)), path.substr(0, at)};
}

// Whether a path names that quantisation: the tag is a word of it, in any case, so that F16 is not BF16.
bool has_tag(const std::string& path, const std::string& tag) {
    const std::string in = lower(path), wanted = lower(tag);
    for (std::size_t at = in.find(wanted); at != std::string::npos; at = in.find(wanted, at + 1)) {
        const auto border = [&](std::size_t i) {
            return i >= in.size() || in[i] == '-' || in[i] == '.' || in[i] == '/' || in[i] == '_';
        };
        // "Q4_K" is not "Q4_K_M", and "Q4_0" is not "IQ4_0".
        const std::size_t after = at + wanted.size();
        if ((at == 0 || border(at - 1)) && border(after) && (after >= in.size() || in[after] != '_')) {
            return true;
        }
    }
    return false;
}

// The first file to load: of the tag that was asked for, or else of the ones that most people want.
std::optional<std::string> pick_model(const std::vector<std::string>& paths, const std::string& tag) {
    std::vector<std::string> models;
    std::copy_if(paths.begin(), paths.end(), std::back_inserter(models), [](const std::string& path) {
        return is_model(path) && part_of(path).number == 1;
    });
    const std::vector<std::string> tags = tag.empty() ? std::vector<std::string>{"Q4_K_M", "Q8_0"} : std::vector{tag};
    for (const auto& each : tags) {
        const auto found = std::find_if(models.begin(), models.end(),
                                        [&](const std::string& path) { return has_tag(path, each); });
        if (found != models.end()) {
            return *found;
        }
    }
    return tag.empty() && !models.empty() ? std::optional(models.front()) : std::nullopt;
}

// The bits of a quantisation, by the last of a name's words that tells them: 4 for "a-Q4_K_M.gguf", 16 for BF16.
int bits_of(const std::string& path) {
    const std::string name = lower(path.substr(folder_of(path).size()));
    int bits = 0;
    for (std::size_t i = 0; i + 1 < name.size(); i++) {
        const bool letter = name[i] == 'q' || name[i] == 'f';
        const bool begins = i == 0 || !std::isalnum(static_cast<unsigned char>(name[i - 1]));
        const bool behind = i > 0 && std::string("ibt").find(name[i - 1]) != std::string::npos; // IQ4, BF16, TQ1
        if (letter && (begins || behind) && std::isdigit(static_cast<unsigned char>(name[i + 1]))) {
            bits = std::atoi(name.c_str() + i + 1);
        }
    }
    return bits;
}

// The projector that fits the model best: the nearest folder from its own upwards, then the nearest number of bits.
std::optional<std::string> pick_mmproj(const std::vector<std::string>& paths, const std::string& model) {
    std::optional<std::string> best;
    const auto worse = [&](const std::string& a, const std::string& b) {
        const auto far = [&](const std::string& path) { return std::abs(bits_of(path) - bits_of(model)); };
        const auto depth = [](const std::string& path) { return folder_of(path).size(); };
        return depth(a) != depth(b) ? depth(a) < depth(b) : far(a) > far(b);
    };
    for (const auto& path : paths) {
        const bool beside = folder_of(model).compare(0, folder_of(path).size(), folder_of(path)) == 0;
        if (is_mmproj(path) && beside && (!best || worse(*best, path))) {
            best = path;
        }
    }
    return best;
}

// The model with all its parts, in their order.
std::vector<std::string> with_parts(const std::string& model) {
    const part first = part_of(model);
    if (first.count == 1) {
        return {model};
    }
    std::vector<std::string> all;
    for (int number = 1; number <= first.count; number++) {
        char end[32];
        std::snprintf(end, sizeof end, "-%05d-of-%05d.gguf", number, first.count);
        all.push_back(first.stem + end);
    }
    return all;
}

// The paths of the repository, from the Hub; from the cache when it can't be reached, as offline.
std::vector<std::string> list(const hfx::client& client, const hfx::repo& repo) {
    const auto paths = [](const hfx::tree& tree) {
        std::vector<std::string> all;
        for (const auto& entry : tree) {
            all.push_back(entry.path);
        }
        return all;
    };
    try {
        return paths(client.list_files(repo).get());
    } catch (const hfx::error& error) {
        if (error.code() != hfx::errc::network && error.code() != hfx::errc::timeout) {
            throw;
        }
        std::fprintf(stderr, "%s; looking in the cache\n", error.what());
        return paths(client.list_files(repo, "", hfx::options().offline(true)).get());
    }
}

void show(const hfx::progress_view& now) {
    const double done = static_cast<double>(now.bytes_done()), all = static_cast<double>(now.bytes_total());
    std::fprintf(stderr, "\r%5.1f %%  %.0f of %.0f MB, %" PRIu64 " of %" PRIu64 " files ",
                 all > 0 ? 100.0 * done / all : 0.0, done / 1e6, all / 1e6, now.files_done(), now.files());
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: llama_fetch USER/REPO[:QUANT]\n");
        return 2;
    }
    const std::string name = argv[1];
    const std::size_t colon = name.find(':');
    std::string tag = colon == std::string::npos ? "" : name.substr(colon + 1);
    if (lower(tag) == "latest") {
        tag.clear();
    }
    try {
        const auto client = hfx::client::open(hfx::options::from_env());
        const auto repo = hfx::repo::model(name.substr(0, colon));
        const auto paths = list(client, repo);
        const auto model = pick_model(paths, tag);
        if (!model) {
            std::fprintf(stderr, "%s has no GGUF file%s%s%s\n", repo.id().c_str(), tag.empty() ? "" : " tagged ",
                         tag.c_str(), tag.empty() ? "" : "; there are:");
            for (const auto& path : paths) {
                if (is_model(path)) {
                    std::fprintf(stderr, "  %s\n", path.c_str());
                }
            }
            return 1;
        }
        std::vector<std::string> wanted = with_parts(*model);
        const auto mmproj = pick_mmproj(paths, *model);
        if (mmproj) {
            wanted.push_back(*mmproj);
        }
        // One job: the files share its connections, and one line of progress.
        auto what = hfx::options().on_progress(show);
        for (const auto& path : wanted) {
            what.add_file(path);
        }
        const auto snapshot = client.download_snapshot(repo, what).get();
        std::fprintf(stderr, "\n");
        std::printf("%s/%s\n", snapshot.path().c_str(), model->c_str());
        if (mmproj) {
            std::printf("%s/%s\n", snapshot.path().c_str(), mmproj->c_str());
        }
    } catch (const hfx::error& error) {
        std::fprintf(stderr, "\n%s: %s\n", hfx::name(error.code()).c_str(), error.what());
        return 1;
    }
    return 0;
}
