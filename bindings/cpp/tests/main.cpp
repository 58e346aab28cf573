// Runs the cases: main ENDPOINT HUB_FOLDER WORK_FOLDER
#include "test.hpp"

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: %s ENDPOINT HUB_FOLDER WORK_FOLDER\n", argv[0]);
        return 2;
    }
    const struct {
        const char* name;
        void (*run)(const test::place&);
    } cases[] = {
        {"values", test::values}, {"downloads", test::downloads}, {"callbacks", test::callbacks},
        {"events", test::events}, {"uploads", test::uploads},     {"repositories", test::repositories},
    };
    for (const auto& each : cases) {
        each.run({argv[1], argv[2], std::filesystem::path(argv[3]) / each.name});
    }
    std::printf("%zu cases passed\n", std::size(cases));
    return 0;
}
