// Around a fragment of the guide: what it takes for granted.
#include <hfx.hpp>

#include <chrono>
#include <cstdio>
#include <future>
#include <iostream>
#include <string>

int main() {
    try {
        auto client = hfx::client::open(hfx::options::from_env());
        auto repo = hfx::repo::model("Qwen/Qwen3-0.6B");
        {
@FRAGMENT@
        }
    } catch (const hfx::error& error) {
        std::cerr << hfx::name(error.code()) << ": " << error.what() << "\n";
        return 1;
    }
}
