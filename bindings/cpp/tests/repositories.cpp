// Repositories, branches, tags, pull requests, and any other call.
#include "test.hpp"

void test::repositories(const place& at) {
    const auto client = at.client();
    const auto me = OK(OK(client.whoami()).get());
    CHECK(me.status() == 200 && me.value("/name") && !me.value("/no/such") && me.body().front() == '{');
    const std::string id = "acme/made-" + std::to_string(std::hash<std::string>()(at.folder.string()));
    const auto repo = OK(hfx::repo::dataset(id));
    const auto made = OK(OK(client.repo_create(repo, hfx::options().visibility("private"))).get());
    CHECK(made.value("/url") && made.value("/created").value_or("true") == "true");
    CHECK(FAILS(OK(client.repo_create(repo)).get()).code() == hfx::errc::conflict);
    CHECK(OK(OK(client.repo_create(repo, hfx::options().exist_ok(true))).get()).value("/created") == "false");
    CHECK(OK(OK(client.repo_info(repo)).get()).is_private());
    OK(OK(client.repo_settings(repo, hfx::options().visibility("public"))).get());
    CHECK(!OK(OK(client.repo_info(repo)).get()).is_private());
    OK(OK(client.auth_check(repo)).get());

    hfx::commit commit;
    commit.add_bytes("a.txt", std::string("a"));
    OK(OK(client.commit(repo, commit)).get());
    OK(OK(client.branch_create(repo, "next")).get());
    OK(OK(client.tag_create(repo, "v1", "The first")).get());
    CHECK(FAILS(OK(client.tag_create(repo, "v1")).get()).code() == hfx::errc::conflict);
    const auto asked = OK(OK(client.pull_request_open(repo, "A title", "Why")).get());
    CHECK(asked.value("/num") == "1" && asked.value("/ref") == "refs/pr/1");
    CHECK(OK(OK(client.list_refs(repo, true)).get()).size() == 4);
    OK(OK(client.tag_delete(repo, "v1")).get());
    OK(OK(client.branch_delete(repo, "next")).get());
    CHECK(FAILS(OK(client.branch_delete(repo, "next")).get()).code() == hfx::errc::revision_not_found);
    OK(OK(client.branch_delete(repo, "next", hfx::options().missing_ok(true))).get());

    const auto models = OK(OK(client.call("GET", "/api/models?limit=1")).get());
    CHECK(models.value("/0/id") && models.header("content-type") && !models.header("x-no-such"));
    CHECK(!models.next() || models.next()->find("/api/models") != std::string_view::npos);

    const auto to = OK(hfx::repo::dataset(id + "-moved"));
    OK(OK(client.repo_move(repo, to)).get());
    OK(OK(client.repo_delete(to)).get());
    CHECK(!OK(OK(client.repo_exists(to)).get()));
    OK(OK(client.repo_delete(to, hfx::options().missing_ok(true))).get());
}
