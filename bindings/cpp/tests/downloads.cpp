// Files, snapshots, URLs, reads, look-ups, listings, the cache.
#include "test.hpp"

#include <algorithm>
#include <array>

namespace {

using test::slurp;

void files(const test::place& at, const hfx::client& client, const hfx::repo& tiny) {
    CHECK(OK(client.lookup(tiny, "config.json")).state == hfx::lookup_state::unknown);
    const auto file = OK(OK(client.download_file(tiny, "config.json")).get());
    CHECK(slurp(file.path().c_str()) == slurp(at.hub / "models/acme/tiny/config.json"));
    CHECK(file.name() == "config.json" && file.size() == 23 && file.commit().size() == 40);
    CHECK(file.state() == hfx::file_state::done && file.verified() == hfx::verified::hash);
    const auto known = OK(client.lookup(tiny, "config.json"));
    CHECK(known.state == hfx::lookup_state::found && known.file->path() == file.path());
    const auto again = OK(OK(client.download_file(tiny, "config.json", hfx::options().offline(true))).get());
    CHECK(again.path() == file.path() && again.state() == hfx::file_state::cached);

    const hfx::error missing = FAILS(OK(client.download_file(tiny, "absent")).get());
    CHECK(missing.code() == hfx::errc::entry_not_found && missing.http_status() == 404);
    CHECK(missing.commit().size() == 40 && missing.url().find("/absent") != std::string::npos);
    const auto nobody = OK(hfx::repo::model("acme/nobody"));
    CHECK(FAILS(OK(client.repo_info(nobody)).get()).code() == hfx::errc::repo_not_found);
    const auto offline = hfx::options().offline(true);
    CHECK(FAILS(OK(client.download_file(nobody, "x", offline)).get()).code() == hfx::errc::offline);
}

void snapshots(const test::place& at, const hfx::client& client, const hfx::repo& tiny) {
    const auto all = OK(OK(client.download_snapshot(tiny)).get());
    std::vector<std::string> names;
    for (const hfx::file_view each : all) {
        names.push_back(each.name());
        CHECK(slurp(each.path().c_str()) == slurp(at.hub / "models/acme/tiny" / names.back()));
    }
    CHECK((names == std::vector<std::string>{"config.json", "empty.txt", "sub/dir/note.txt"}));
    CHECK(!all.empty() && all.size() == 3 && all[0].commit() == all.commit());

    // With a failed file, the job lists how each ended.
    OK(OK(client.call("PUT", "/_hfx/faults",
                      R"([{"match": {"path": "file_07.txt", "times": 0}, "do": {"status": 403}}])"))
           .get());
    const auto job = OK(client.download_snapshot(OK(hfx::repo::model("acme/many")), hfx::options().fail_fast(false)));
    CHECK(FAILS(job.get()).code() == hfx::errc::incomplete);
    int failed = 0;
    for (const hfx::file_progress& each : OK(job.progress()).each_file()) {
        if (each.error) {
            CHECK(each.name == "file_07.txt" && each.state == hfx::file_state::failed);
            CHECK(each.error->http_status() == 403);
            failed++;
        } else {
            CHECK(each.state == hfx::file_state::done && each.done == each.size);
        }
    }
    CHECK(failed == 1 && OK(job.progress()).files_failed() == 1 && OK(job.progress()).files_done() == 19);
    OK(OK(client.call("PUT", "/_hfx/faults", "[]")).get());
    const auto outcomes = OK(job.take<hfx::outcomes>());
    CHECK(outcomes.size() == 20 && outcomes.commit().size() == 40);
    for (const hfx::file_view each : outcomes) {
        const bool is_failed = each.name() == "file_07.txt";
        CHECK(each.state() == (is_failed ? hfx::file_state::failed : hfx::file_state::done));
        CHECK(is_failed ? each.error()->http_status() == 403 : !each.error());
        CHECK(is_failed || slurp(each.path().c_str()).size() == 20000);
    }
    CHECK(FAILS(job.take<hfx::outcomes>()).code() == hfx::errc::already_taken);

    const auto some = hfx::options().add_include("*_0?.txt").add_exclude("*_07.txt").dry_run(true);
    const auto plan = OK(OK(client.download_snapshot(OK(hfx::repo::model("acme/many")), some)).get());
    CHECK(plan.size() == 9);
}

void reads(const test::place& at, const hfx::client& client) {
    const auto big = OK(hfx::repo::model("acme/big"));
    const std::string content = slurp(at.hub / "models/acme/big/model.bin");
    const auto part = OK(OK(client.read_file(big, "model.bin", {1000, 5000})).get());
    CHECK(part.text() == std::string_view(content).substr(1000, 5000) && part.file_size() == content.size());
    CHECK(part.vector().size() == 5000 && part.verified() == hfx::verified::length);

    std::vector<char> into(content.size());
    const auto whole = OK(OK(client.read_file_into(into, big, "model.bin")).get());
    CHECK(hfx::const_buffer(into).text() == content && whole.length() == content.size() && whole.size() == 0);
    CHECK(whole.verified() == hfx::verified::hash);
    std::array<std::byte, 16> little{};
    CHECK(FAILS(OK(client.read_file_into(little, big, "model.bin")).get()).code() == hfx::errc::too_small);

    // A job that writes into memory ends before its handle is gone, also when nobody waits for it.
    {
        std::vector<char> gone(content.size());
        auto job = OK(client.read_file_into(gone, big, "model.bin"));
        job = OK(client.read_file_into(into, big, "model.bin"));
    }

    std::string streamed;
    OK(OK(client.stream_file(big, "model.bin", {},
                             [&](std::uint64_t offset, hfx::const_buffer chunk) {
                                 CHECK(offset == streamed.size());
                                 streamed += chunk.text();
                             }))
           .get());
    CHECK(streamed == content);
    const auto stopped = OK(client.stream_file(big, "model.bin", {0, 100}, [](auto, auto) { return false; }));
    CHECK(FAILS(stopped.get()).code() == hfx::errc::callback);

    // Which file it is, before the first chunk.
    int told = 0;
    streamed.clear();
    const auto count = [&](std::uint64_t, hfx::const_buffer chunk) { streamed += chunk.text(); };
    const auto begun = [&](const hfx::meta_view& meta) {
        CHECK(streamed.empty() && meta.size() == content.size() && meta.commit().size() == 40);
        told++;
        return true;
    };
    OK(OK(client.stream_file(big, "model.bin", {0, 100}, count, {}, begun)).get());
    CHECK(told == 1 && streamed == content.substr(0, 100));
    const auto refused = OK(client.stream_file(big, "model.bin", {}, count, {}, [](const auto&) { return false; }));
    CHECK(FAILS(refused.get()).code() == hfx::errc::callback && streamed.size() == 100);

    const std::string url = at.endpoint + "/acme/big/resolve/main/model.bin";
    CHECK(OK(OK(client.read_url(url, {0, 9})).get()).text() == content.substr(0, 9));
    OK(OK(client.read_url_into(into, url, {4, 4})).get());
    CHECK(std::string_view(into.data(), 4) == content.substr(4, 4));
    std::size_t length = 0;
    const auto measure = [&](std::uint64_t, hfx::const_buffer chunk) { length += chunk.size(); };
    const auto same = [&](const hfx::meta_view& meta) { return meta.size() == content.size(); };
    OK(OK(client.stream_url(url, {}, measure, {}, same)).get());
    CHECK(length == content.size());
    const std::string to = (at.folder / "plain" / "model.bin").string();
    const auto file = OK(OK(client.download_url(url, to)).get());
    CHECK(file.path() == to && slurp(to) == content);
    const auto wrong = hfx::options().sha256(std::string(64, '0'));
    CHECK(FAILS(OK(client.download_url(url, to + "2", wrong)).get()).code() == hfx::errc::hash_mismatch);
}

void questions(const hfx::client& client, const hfx::repo& tiny) {
    const auto meta = OK(OK(client.file_meta(tiny, "config.json")).get());
    CHECK(meta.size() == 23 && meta.etag().size() == 40 && meta.commit().size() == 40 && meta.xet_hash().empty());
    CHECK(meta.url().find("/resolve/") != std::string::npos);
    const auto info = OK(OK(client.repo_info(tiny)).get());
    CHECK(info.id() == "acme/tiny" && info.commit() == meta.commit() && info.json().front() == '{');
    CHECK(!info.is_private() && !info.gated() && !info.disabled());
    const auto tree = OK(OK(client.list_files(tiny)).get());
    CHECK(tree.size() == 3 && tree[1].path == "empty.txt" && tree[1].size == 0 && !tree[1].is_lfs);
    CHECK(std::count_if(tree.begin(), tree.end(), [](const hfx::tree_entry& each) { return each.size > 0; }) == 2);
    CHECK(OK(OK(client.list_files(tiny, "sub")).get()).size() == 1);
    const auto refs = OK(OK(client.list_refs(tiny, true)).get());
    CHECK(refs.size() == 1 && refs[0].name == "main" && refs[0].full_name == "refs/heads/main");
    CHECK(refs[0].kind == hfx::ref_kind::branch && refs[0].commit == info.commit());
    CHECK(OK(OK(client.repo_exists(tiny)).get()) && OK(OK(client.file_exists(tiny, "config.json")).get()));
    CHECK(!OK(OK(client.file_exists(tiny, "absent")).get()));
}

void caches(const test::place& at, const hfx::client& client, const hfx::repo& tiny) {
    const auto cache = OK(OK(client.scan_cache()).get());
    CHECK(cache.path() == (at.folder / "cache").string() && cache.bytes() > 0 && cache.warnings().empty());
    std::string commit;
    for (const hfx::cached_repo repo : cache) {
        CHECK(repo.kind() == hfx::repo_kind::model && repo.last_used().time_since_epoch().count() > 0);
        for (const hfx::cached_revision revision : repo) {
            // A snapshot that was incomplete has moved no ref.
            CHECK(revision.commit().size() == 40);
            CHECK(revision.refs() == std::vector<std::string>(repo.id() == "acme/tiny" ? 1 : 0, "main"));
            std::uint64_t bytes = 0;
            for (const hfx::cached_file file : revision) {
                CHECK(std::filesystem::exists(std::filesystem::path(revision.path()) / file.name.c_str()));
                bytes += file.size;
            }
            CHECK(bytes == revision.bytes() && std::filesystem::exists(repo.path().c_str()));
            if (repo.id() == "acme/tiny") {
                commit = revision.commit();
            }
        }
    }
    const auto good = OK(OK(client.verify_cache(tiny)).get());
    CHECK(good.checked() >= 2 && good.mismatches().empty() && good.missing().empty() && good.unknown().empty());
    test::spit(std::filesystem::canonical(OK(client.lookup(tiny, "config.json")).file->path().c_str()), "spoilt");
    const auto bad = OK(OK(client.verify_cache(tiny)).get());
    CHECK(bad.mismatches().size() == 1 && bad.mismatches()[0].expected != bad.mismatches()[0].actual);

    CHECK(OK(cache.prune()).bytes() > 0);
    CHECK(FAILS(cache.delete_revisions({std::string(40, '0')})).code() == hfx::errc::revision_not_found);
    const auto deletion = OK(cache.delete_revisions({commit}));
    const auto done = OK(client.delete_cached(deletion));
    OK(done.get());
    CHECK(deletion.bytes() > 0 && OK(done.progress()).bytes_done() > 0);
    CHECK(OK(client.lookup(tiny, "config.json")).state != hfx::lookup_state::found);
    OK(OK(client.delete_cached(OK(cache.delete_repo(hfx::repo_kind::model, "acme/many")))).get());
    CHECK(OK(OK(client.scan_cache()).get()).size() < cache.size());
    CHECK(OK(client.assets_path("lib", {}, "sub")).find("lib/default/sub") != std::string::npos);
}

} // namespace

void test::downloads(const place& at) {
    const auto client =
        OK(hfx::client::open(at.options().assets_dir((at.folder / "assets").string()).durability("process")));
    const auto tiny = OK(hfx::repo::model("acme/tiny"));
    files(at, client, tiny);
    snapshots(at, client, tiny);
    reads(at, client);
    questions(client, tiny);
    caches(at, client, tiny);
    OK(client.set_max_connections(4));
    OK(client.set_max_rate(0));
    OK(client.close());
    CHECK(FAILS(client.whoami()).code() == hfx::errc::closed);
}
