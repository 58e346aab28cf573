// Commits from files, memory and callables; uploads of files and folders; given addresses; schedules.
#include "test.hpp"

#include <cstring>

namespace {

using namespace std::chrono_literals;

std::string read_back(const hfx::client& client, const hfx::repo& repo, const char* path) {
    return std::string(OK(OK(client.read_file(repo, path)).get()).text());
}

void commits(const test::place& at, const hfx::client& client, const hfx::repo& repo) {
    test::spit(at.folder / "a.txt", "from disk");
    const std::string content(3 << 20, 'r'); // more than --multipart-from: sent in parts
    hfx::commit commit;
    commit.add_file("a.txt", (at.folder / "a.txt").string())
        .add_bytes("b.txt", std::string("from memory"))
        .add_bytes("empty.txt", {})
        .add_reader("c.bin", content.size(), [&](std::uint64_t offset, hfx::buffer into) {
            const std::size_t count = std::min<std::size_t>(into.size(), 100000); // less than asked for is fine
            std::memcpy(into.data(), content.data() + offset, count);
            return static_cast<std::int64_t>(count);
        });
    CHECK(commit.size() == 4);
    const auto made = OK(OK(client.commit(repo, commit, hfx::options().commit_message("All sorts"))).get());
    CHECK(made.commit().size() == 40 && made.commit_count() == 1 && !made.url().empty() && made.pull_request() == 0);
    CHECK(made.size() == 4 && commit.size() == 0);
    for (const hfx::committed_file each : made) {
        CHECK((each.path == "c.bin") == (each.how == hfx::committed_how::lfs));
        CHECK((each.path == "c.bin") == (each.oid.size() == 64));
    }
    CHECK(read_back(client, repo, "a.txt") == "from disk" && read_back(client, repo, "b.txt") == "from memory");
    CHECK(read_back(client, repo, "c.bin") == content);

    commit.copy_file("c.bin", "copy.bin").copy_file(repo, "c.bin", "sub/copy.bin").delete_file("b.txt");
    OK(OK(client.commit(repo, commit)).get());
    CHECK(read_back(client, repo, "sub/copy.bin") == content);
    commit.delete_folder("sub");
    OK(OK(client.commit(repo, commit)).get());
    CHECK(!OK(OK(client.file_exists(repo, "sub/copy.bin")).get()));

    const auto list = OK(OK(client.commits(repo, 3)).get());
    CHECK(list.size() == 3 && list[2].title == "All sorts" && list[0].id.size() == 40 && !list[0].date.empty());
    CHECK(!list[0].authors.empty() && list[2].message.empty());

    // Somebody else was first.
    commit.add_bytes("b.txt", std::string("late"));
    const auto late = hfx::options().parent_commit(list[1].id);
    const hfx::error conflict = FAILS(OK(client.commit(repo, commit, late)).get());
    CHECK(conflict.code() == hfx::errc::conflict && conflict.commit() == list[0].id && commit.size() == 1);

    // Sent and forgotten, and committed later.
    hfx::commit pieces;
    pieces.add_bytes("piece.bin", std::string(2 << 20, 'p'));
    const auto sent = OK(OK(client.preupload(repo, pieces)).get());
    CHECK(sent.size() == 1 && pieces.size() == 1);
    OK(OK(client.commit(repo, pieces)).get());
    CHECK(read_back(client, repo, "piece.bin").size() == 2 << 20);
    pieces.add_lfs("again.bin", sent[0].oid, sent[0].size);
    OK(OK(client.commit(repo, pieces)).get());
    CHECK(read_back(client, repo, "again.bin") == std::string(2 << 20, 'p'));

    hfx::commit asked;
    asked.add_bytes("proposal.txt", std::string("please"));
    const auto proposed = OK(OK(client.commit(repo, asked, hfx::options().create_pr(true))).get());
    CHECK(proposed.pull_request() == 1 && !proposed.pull_request_url().empty());

#if HFX_HPP_THROWS
    CHECK(FAILS(hfx::commit().add_bytes("../x", std::string("x"))).code() == hfx::errc::invalid_argument);
#else
    hfx::commit wrong;
    wrong.add_bytes("../x", std::string("x")).add_bytes("y", std::string("y"));
    CHECK(wrong.failure() && wrong.size() == 1);
    CHECK(FAILS(client.commit(repo, wrong)).code() == hfx::errc::invalid_argument);
#endif
}

void folders(const test::place& at, const hfx::client& client, const hfx::repo& repo) {
    test::spit(at.folder / "out/one.txt", "1");
    test::spit(at.folder / "out/deep/two.txt", "2");
    test::spit(at.folder / "out/left.tmp", "x");
    const std::string folder = (at.folder / "out").string();
    const auto what = hfx::options().add_exclude("*.tmp").state_dir((at.folder / "state").string());
    const auto made = OK(OK(client.upload_folder(repo, folder, "up", what)).get());
    CHECK(made.size() == 2 && made.commit_count() == 1);
    CHECK(read_back(client, repo, "up/deep/two.txt") == "2");
    CHECK(OK(OK(client.upload_folder(repo, folder, "up", what)).get()).commit_count() == 0);
    OK(OK(client.upload_file(repo, folder + "/left.tmp", "single.txt")).get());
    CHECK(read_back(client, repo, "single.txt") == "x");
}

void addresses(const test::place& at, const hfx::client& client) {
    // The local Hub takes a PUT anywhere below /_hfx/faults only: its rules are what is sent.
    test::spit(at.folder / "rules.json", "[]");
    const std::string file = (at.folder / "rules.json").string(), url = at.endpoint + "/_hfx/faults";
    const auto whole = OK(OK(client.upload_url(file, url)).get());
    CHECK(whole.size() == 1 && whole.header(0, "Content-Length") && !whole.header(0, "No-Such"));
    CHECK(!whole.header_names(0).empty());
    const auto parts = OK(OK(client.upload_parts(file, {url}, 1 << 20)).get());
    CHECK(parts.size() == 1);
    CHECK(FAILS(client.upload_parts(file, {std::string("a\0b", 3)}, 1)).code() == hfx::errc::invalid_argument);
}

void schedules(const test::place& at, const hfx::client& client, const hfx::repo& repo) {
    const auto folder = at.folder / "log";
    test::spit(folder / "log.txt", "one\n");
    const auto schedule = OK(client.schedule_folder(repo, folder.string(), "log", 1h));
    {
        const auto writing = OK(schedule.lock(std::chrono::seconds(60)));
        test::spit(folder / "log.txt", "one\ntwo\n");
    }
    const auto made = OK(OK(schedule.trigger()).get());
    CHECK(made.commit().size() == 40 && read_back(client, repo, "log/log.txt") == "one\ntwo\n");
    test::spit(folder / "log.txt", "one\ntwo\nthree\n");
    CHECK(OK(OK(schedule.trigger()).future().get()).commit_count() >= 1);
    OK(schedule.stop());
    CHECK(OK(schedule.job().get()).commit_count() >= 1);
    CHECK(read_back(client, repo, "log/log.txt") == "one\ntwo\nthree\n");
    CHECK(FAILS(OK(schedule.trigger()).get()).code() == hfx::errc::closed);
}

} // namespace

void test::uploads(const place& at) {
    const auto client = at.client();
    const auto repo = OK(hfx::repo::model("acme/pushed-" + std::to_string(std::hash<std::string>()(at.folder.string()))));
    OK(OK(client.repo_create(repo)).get());
    commits(at, client, repo);
    folders(at, client, repo);
    addresses(at, client);
    schedules(at, client, repo);
    OK(OK(client.repo_delete(repo)).get());
}
