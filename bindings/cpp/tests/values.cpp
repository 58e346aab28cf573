// What needs no server: strings, errors, options, repositories, the version.
#include "test.hpp"

#include <array>
#include <set>

namespace {

template <class T>
constexpr bool move_only = std::is_nothrow_move_constructible_v<T> && std::is_move_assignable_v<T> &&
                           !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;
static_assert(move_only<hfx::client>);
static_assert(move_only<hfx::file> && move_only<hfx::snapshot> && move_only<hfx::bytes> && move_only<hfx::reply>);
static_assert(move_only<hfx::job<hfx::file>> && move_only<hfx::job<void>> && move_only<hfx::any_job>);
static_assert(move_only<hfx::map> && move_only<hfx::cache> && move_only<hfx::repo>);
static_assert(!std::is_copy_constructible_v<hfx::options> && !std::is_copy_constructible_v<hfx::commit>);
static_assert(std::is_nothrow_copy_constructible_v<hfx::error>);
static_assert(std::is_base_of_v<std::runtime_error, hfx::error>);

void strings() {
    const hfx::zstring_view some = "text";
    const std::string copy = some;
    std::string assigned;
    assigned = some;
    assigned += some;
    CHECK(copy == some && some == "text" && assigned == "texttext" && std::string(some) == copy);
    CHECK(std::filesystem::path(some) == "text");
    const char* const null = nullptr;
    CHECK(hfx::zstring_view(null).empty() && *hfx::zstring_view(null).c_str() == '\0');

    std::array<std::uint32_t, 3> words{};
    CHECK(hfx::buffer(words).size() == 12 && hfx::const_buffer(copy).text() == "text");
}

void errors() {
    const hfx::error nul = FAILS(hfx::repo::model(std::string_view("owner/na\0me", 11)));
    CHECK(nul.code() == hfx::errc::invalid_argument && std::string(nul.what()).find("NUL") != std::string::npos);
    CHECK(FAILS(hfx::repo::model("a/b/c/d")).code() == hfx::errc::invalid_argument);
    CHECK(FAILS(hfx::repo::model("\xff\xfe/x")).code() == hfx::errc::invalid_argument);
    const hfx::error copy = nul;
    CHECK(copy.http_status() == 0 && copy.os_error() == 0 && !copy.retryable() && copy.request_id().empty());
    CHECK(copy.url().empty() && copy.commit().empty() && hfx::name(copy.code()) == "INVALID_ARGUMENT");
    const hfx::error missing = FAILS(hfx::map::open("/nowhere/at/all"));
    CHECK(missing.code() == hfx::errc::io && missing.os_error() != 0);
}

void names() {
    const auto model = OK(hfx::repo::model("owner/name"));
    CHECK(model.kind() == hfx::repo_kind::model && model.id() == "owner/name" && model.revision().empty());
    // A view into a longer text ends where it ends.
    const std::string_view longer = "owner/name@v1";
    const auto dataset = OK(hfx::repo::dataset(longer.substr(0, 10), longer.substr(11)));
    CHECK(dataset.kind() == hfx::repo_kind::dataset && dataset.id() == "owner/name" && dataset.revision() == "v1");
    auto parsed = OK(hfx::repo::parse("hf://spaces/owner/name@v2/app/main.py"));
    CHECK(parsed.kind() == hfx::repo_kind::space && parsed.revision() == "v2" && parsed.path() == "app/main.py");
    const auto moved = std::move(parsed);
    CHECK(moved.revision() == "v2");
}

void option_sets() {
    auto chained = hfx::options().offline(true).connect_timeout(std::chrono::seconds(2)).token("hf_secret");
    chained.add_header("A: 1").add_header("B: 2").part_size(1 << 20);
    CHECK(OK(chained.value(HFX_OPT_OFFLINE)) == "true" && OK(chained.value(HFX_OPT_CONNECT_TIMEOUT_MS)) == "2000");
    CHECK(OK(chained.value(HFX_OPT_TOKEN)) == "***");
    auto copy = OK(chained.clone());
    chained.unset(HFX_OPT_OFFLINE).set("part_size", "2M").set_bool(HFX_OPT_PIN, true).set_int(HFX_OPT_SEQUENCE, 7);
    chained.set_string(HFX_OPT_SINK, "map");
    CHECK(OK(chained.value(HFX_OPT_OFFLINE)) == "false" && OK(copy.value(HFX_OPT_OFFLINE)) == "true");
    CHECK(OK(chained.value(HFX_OPT_PART_SIZE)) == "2097152" && OK(copy.value(HFX_OPT_PART_SIZE)) == "1048576");
    CHECK(OK(hfx::options::from_env()).get() != nullptr);

#if HFX_HPP_THROWS
    CHECK(FAILS(hfx::options().durability("maybe")).code() == hfx::errc::invalid_argument);
#else
    // A builder keeps its first error for the call that uses it.
    const auto wrong = hfx::options().durability("maybe").part_size(-1);
    CHECK(wrong.failure() && wrong.failure()->code() == hfx::errc::invalid_argument);
    CHECK(std::string(FAILS(hfx::client::open(wrong)).what()) == wrong.failure()->what());
    const auto client = OK(hfx::client::open());
    CHECK(FAILS(client.whoami(wrong)).code() == hfx::errc::invalid_argument);
#endif

    std::set<std::int32_t> ids;
    for (const hfx::option each : hfx::option_table()) {
        CHECK(!each.name().empty() && !each.doc().empty());
        CHECK((each.type() == hfx::option_type::choice) == !each.choices().empty());
        ids.insert(each.id());
    }
    CHECK(ids.size() == hfx::option_table().size() && ids.count(HFX_OPT_GATED) == 1);
    const auto endpoint = hfx::option::find("endpoint");
    CHECK(endpoint && endpoint->per_job() && endpoint->default_text() == "https://huggingface.co");
    CHECK(endpoint->env().front() == "HF_ENDPOINT" && !hfx::option::find("no such"));
    CHECK(hfx::option::find("threads")->bounds().second == 256);
}

} // namespace

void test::values(const place& at) {
    OK(hfx::check_version());
    CHECK(hfx::version_number() >= HFX_VERSION_NUMBER && !hfx::version_string().empty());
    strings();
    errors();
    names();
    option_sets();

    spit(at.folder / "file", "some bytes");
    const std::string path = (at.folder / "file").string();
    const auto map = OK(hfx::map::open(path));
    CHECK(hfx::const_buffer(map).text() == "some bytes" && map.size() == 10);
    std::array<char, 8> some{};
    CHECK(OK(hfx::read_at(path, 5, some)) == 5 && std::string(some.data()) == "bytes");
}
