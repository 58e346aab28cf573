// Tells what a GGUF file on the Hub is, without downloading it: one read of its first bytes, into memory.
//
//   c++ -std=c++17 read_header.cpp $(pkg-config --cflags --libs hfx) -o read_header
//   ./read_header ggml-org/models tinyllamas/stories15M-q4_0.gguf
#include <hfx.hpp>

#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstring>

namespace {

template <class T>
T little_endian(const std::byte* from) {
    T value = 0;
    for (std::size_t i = sizeof(T); i-- > 0;) {
        value = static_cast<T>(value << 8 | std::to_integer<T>(from[i]));
    }
    return value;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: read_header OWNER/NAME FILE.gguf\n");
        return 2;
    }
    try {
        const auto client = hfx::client::open(hfx::options::from_env());
        std::array<std::byte, 24> header{};
        const auto read =
            client.read_file_into(header, hfx::repo::model(argv[1]), argv[2], {0, header.size()}).get();
        if (read.length() < header.size() || std::memcmp(header.data(), "GGUF", 4) != 0) {
            std::fprintf(stderr, "%s is no GGUF file\n", argv[2]);
            return 1;
        }
        std::printf("GGUF version %" PRIu32 ", %" PRIu64 " tensors, %" PRIu64 " keys, %" PRIu64 " bytes\n",
                    little_endian<std::uint32_t>(&header[4]), little_endian<std::uint64_t>(&header[8]),
                    little_endian<std::uint64_t>(&header[16]), read.file_size());
    } catch (const hfx::error& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
