#include <hfx.hpp>

#include <cstdio>

int main() {
    hfx::check_version();
    const auto client = hfx::client::open(hfx::options().offline(true));
    std::printf("hfx %s\n", hfx::version_string().c_str());
    return 0;
}
