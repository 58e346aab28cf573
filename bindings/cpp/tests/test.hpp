// What the tests are written in: checks, and one spelling for functions that throw and functions that return results.
#pragma once

#include <hfx.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#define CHECK(what)                                                                                                    \
    do {                                                                                                               \
        if (!(what)) {                                                                                                 \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);                                    \
            std::exit(1);                                                                                              \
        }                                                                                                              \
    } while (false)

namespace test {

[[noreturn]] inline void unexpected(const char* file, int line, const char* what, const hfx::error& error) {
    std::fprintf(stderr, "%s:%d: %s: %s: %s\n", file, line, what, hfx::name(error.code()).c_str(), error.what());
    std::exit(1);
}

} // namespace test

// OK(call): its value. FAILS(call): its error.
#if HFX_HPP_THROWS
#define OK(...) (__VA_ARGS__)
#define FAILS(...)                                                                                                     \
    [&]() -> hfx::error {                                                                                              \
        try {                                                                                                          \
            (void)(__VA_ARGS__);                                                                                       \
        } catch (const hfx::error& error) {                                                                            \
            return error;                                                                                              \
        }                                                                                                              \
        std::fprintf(stderr, "%s:%d: did not fail: %s\n", __FILE__, __LINE__, #__VA_ARGS__);                           \
        std::exit(1);                                                                                                  \
    }()
#else
namespace test {
template <class T>
T value(const char* file, int line, const char* what, hfx::result<T> made) {
    if (!made) {
        unexpected(file, line, what, made.error());
    }
    if constexpr (!std::is_void_v<T>) {
        return *std::move(made);
    }
}
template <class T>
hfx::error error(const char* file, int line, const char* what, hfx::result<T> made) {
    if (made) {
        std::fprintf(stderr, "%s:%d: did not fail: %s\n", file, line, what);
        std::exit(1);
    }
    return made.error();
}
} // namespace test
#define OK(...) test::value(__FILE__, __LINE__, #__VA_ARGS__, __VA_ARGS__)
#define FAILS(...) test::error(__FILE__, __LINE__, #__VA_ARGS__, __VA_ARGS__)
#endif

namespace test {

// The local Hub and a folder of this case's own.
struct place {
    std::string endpoint;
    std::filesystem::path hub;
    std::filesystem::path folder;

    hfx::options options() const {
        return hfx::options().endpoint(endpoint).token("hf_cpp").cache_dir((folder / "cache").string());
    }
    hfx::client client() const { return OK(hfx::client::open(options())); }
};

inline std::string slurp(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    CHECK(in.good());
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void spit(const std::filesystem::path& path, const std::string& content) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary);
    out << content;
    CHECK(out.flush().good());
}

void values(const place& at);
void downloads(const place& at);
void callbacks(const place& at);
void events(const place& at);
void uploads(const place& at);
void repositories(const place& at);

} // namespace test
