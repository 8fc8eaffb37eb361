//! Applications, from the catalog to the assignments.

use http::{StatusCode, header};

use crate::console::visitor::Visitor;
use crate::model::{AssignmentScope, LoginInitiatedBy, PageRequest};
use crate::testing::{ADMIN, CALLBACK, TestOrg};

#[tokio::test]
async fn the_walkthrough_goes_by_its_own_labels() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::signed_in(&org, "ada@acme.test").await;

    let home = ada.org_page("/app/UserHome").await;
    home.must_show(&["My Apps", &format!("href=\"{ADMIN}/admin/dashboard\">Admin</a>")]);

    ada.page("/admin/dashboard")
        .await
        .must_show(&["<summary>Applications</summary>", "<a href=\"/admin/apps/active\">Applications</a>"]);
    ada.page("/admin/apps/active")
        .await
        .must_show(&["Create App Integration</a>", "href=\"/admin/apps/add-app\">Browse App Catalog</a>"]);
    let found = ada.page("/admin/apps/add-app?q=ngrok").await;
    found.must_show(&["value=\"ngrok\"", ">ngrok</a>", "href=\"/admin/catalog/ngrok/add\"", ">Add</a>"]);
    assert!(!found.shows("Salesforce"), "a search narrows");
    ada.page("/admin/catalog/ngrok").await.must_show(&[">Add Integration</a>"]);
    ada.page("/admin/catalog/ngrok/add").await.must_show(&[
        "<label for=\"label\">Application label</label>",
        "<button class=\"primary\">Next</button>",
    ]);
    let step = ada.page("/admin/catalog/ngrok/add/sign-on?label=Tunnels+%26+more").await;
    step.must_show(&[
        "value=\"Tunnels &#38; more\"",
        ">OpenID Connect</label>",
        "<label for=\"redirect-uri\">Sign-in redirect URI</label>",
        "<legend>Login initiated by</legend>",
        ">App Only</label>",
        ">Login initiated by app</label>",
        ">Either Okta or App</label>",
        ">Initiate login URI</label>",
        "<button class=\"primary\">Done</button>",
    ]);
    let sign_on = "/admin/catalog/ngrok/add/sign-on?label=x";
    let fields = [
        ("label", "Tunnels & more"),
        ("sign_on", "OPENID_CONNECT"),
        ("redirect_uris", CALLBACK),
        ("initiated_by", "app"),
    ];
    let done = ada.submit(sign_on, "/admin/catalog/ngrok/add", &fields).await;
    assert_eq!(done.answer.status, StatusCode::SEE_OTHER);

    let app = org.model().apps(&PageRequest::all(), |app| app.name == "ngrok").items.remove(0);
    assert_eq!((app.name.as_str(), app.label.as_str()), ("ngrok", "Tunnels & more"));
    assert_eq!(app.settings.redirect_uris, [CALLBACK]);
    assert_eq!(app.settings.login_initiated_by, LoginInitiatedBy::AppOnly);
    assert_eq!(done.answer.location(), format!("/admin/app/{}/assignments", app.id));
    ada.page(done.answer.location()).await.must_show(&[
        "Nobody may use this app until people or groups are assigned to it.",
        ">Assign to People</a>",
        ">Assign to Groups</a>",
        ">General</a>",
        ">Sign On</a>",
        " aria-current=\"page\">Assignments</a>",
    ]);
    ada.page("/admin/apps/active?q=more").await.must_show(&["Tunnels &#38; more", "Active"]);
    ada.page("/admin/apps/active?status=INACTIVE").await.must_show(&["No application matches"]);
}

#[tokio::test]
async fn the_secret_is_in_the_page_only_when_asked_for() {
    let org = TestOrg::new().await;
    let app = &org.app;
    let mut ada = Visitor::administrator(&org).await;
    let secret = app.secret.as_ref().unwrap().expose();

    let before = ada.page(&format!("/admin/app/{}/sign-on", app.id)).await;
    before.must_show(&[
        "<label for=\"client-id\">Client ID</label>",
        &format!("<input id=\"client-id\" value=\"{}\" readonly>", app.id),
        "<label for=\"client-secret\">Client Secret</label>",
        "<button name=\"secret\" value=\"show\" aria-describedby=\"client-secret-hint\">Show</button>",
        "value=\"https://acme.okta.test\" readonly",
    ]);
    assert!(!before.shows(secret));
    let after = ada.page(&format!("/admin/app/{}/sign-on?secret=show", app.id)).await;
    after.must_show(&[
        &format!("<input id=\"client-secret\" value=\"{secret}\" readonly>"),
        "data-copies=\"client-secret\"",
    ]);
    assert!(after.answer.headers[header::CACHE_CONTROL].to_str().unwrap().contains("no-store"));
}

#[tokio::test]
async fn people_and_groups_are_assigned_and_removed() {
    let org = TestOrg::new().await;
    let (app, alice, group) = (&org.app, &org.alice, &org.engineering);
    let mut ada = Visitor::administrator(&org).await;
    let base = format!("/admin/app/{}", app.id);

    let people = format!("{base}/assign/people");
    ada.page(&people).await.must_show(&[
        "Assign ngrok to People",
        "Alice Archer",
        ">Assign</button>",
        ">Done</a>",
    ]);
    let assigned = ada.submit(&people, &people, &[("id", alice.id.as_str()), ("q", "alice")]).await;
    assert_eq!(
        (assigned.answer.status, assigned.answer.location()),
        (StatusCode::SEE_OTHER, &*format!("{people}?q=alice"))
    );
    assert_eq!(org.model().assignment(&app.id, &alice.id), Some(AssignmentScope::User));
    let list = ada.page(&format!("{people}?q=alice")).await;
    list.must_show(&["<span class=\"status good\">Assigned</span>"]);
    assert!(!list.shows(&format!("candidate-{}", org.admin.id)), "the search is kept");
    ada.page(&format!("{base}/assignments")).await.must_show(&["Individual", ">Remove</button>"]);

    let removed = ada.submit(&people, &format!("{base}/unassign/people"), &[("id", alice.id.as_str())]).await;
    assert_eq!(removed.answer.location(), format!("{base}/assignments"));
    assert_eq!(org.model().assignment(&app.id, &alice.id), None);

    let groups = format!("{base}/assign/groups");
    ada.page(&groups).await.must_show(&["Assign ngrok to Groups", "Engineering", "Everyone"]);
    ada.submit(&groups, &groups, &[("id", group.id.as_str())]).await;
    assert_eq!(org.model().assignment(&app.id, &alice.id), Some(AssignmentScope::Group(group.id.clone())));
    let list = ada.page(&format!("{base}/assignments")).await;
    list.must_show(&["Group: Engineering", "Alice Archer"]);
    ada.submit(&groups, &format!("{base}/unassign/groups"), &[("id", group.id.as_str())]).await;
    assert_eq!(org.model().assignment(&app.id, &alice.id), None);

    let unknown = ada.submit(&people, &people, &[("id", "00unobody")]).await;
    assert_eq!(unknown.answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_wrong_with_a_form_is_said_beside_the_field_and_nothing_is_lost() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let sign_on = "/admin/catalog/ngrok/add/sign-on?label=x";
    let send = [
        ("label", "ngrok"),
        ("sign_on", "OPENID_CONNECT"),
        ("redirect_uris", "not a uri"),
        ("initiated_by", "either"),
        ("initiate_login_uri", "https://app.tunnel.test/ngrok/login"),
    ];
    let page = ada.submit(sign_on, "/admin/catalog/ngrok/add", &send).await;
    assert_eq!(page.answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.must_show(&[
        "id=\"redirect-uri-wrong\"",
        "aria-invalid=\"true\">not a uri</textarea>",
        "value=\"https://app.tunnel.test/ngrok/login\"",
        "value=\"either\" checked",
        "value=\"OPENID_CONNECT\" required checked",
    ]);
    let page = ada.submit(sign_on, "/admin/catalog/ngrok/add", &[("label", "ngrok")]).await;
    page.must_show(&["Choose how people sign on"]);
    let page = ada.open(&format!("{ADMIN}/admin/catalog/ngrok/add/sign-on?label=+")).await;
    assert_eq!(page.answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.must_show(&["id=\"label-wrong\"", ">Next</button>"]);
    let page = ada.open(&format!("{ADMIN}/admin/catalog/slack/add")).await;
    assert_eq!(page.answer.status, StatusCode::NOT_FOUND, "what is only listed can't be added");
    assert_eq!(org.model().apps(&PageRequest::all(), |_| true).items.len(), 1);
}

#[tokio::test]
async fn an_app_is_edited_deactivated_and_deleted() {
    let org = TestOrg::new().await;
    let app = &org.app;
    let mut ada = Visitor::administrator(&org).await;
    let (edit, status) = (format!("/admin/app/{}/edit", app.id), format!("/admin/app/{}/status", app.id));
    let fields = [
        ("label", "Reports"),
        ("pkce_required", "true"),
        ("redirect_uris", "https://a.test/cb\r\nhttps://b.test/cb"),
        ("initiated_by", "either"),
        ("initiate_login_uri", "https://app.tunnel.test/ngrok/login"),
    ];
    assert_eq!(ada.submit(&edit, &edit, &fields).await.answer.status, StatusCode::SEE_OTHER);
    let changed = org.model().app(&app.id).unwrap();
    assert_eq!((changed.label.as_str(), changed.settings.pkce_required), ("Reports", true));
    assert_eq!(changed.settings.redirect_uris, ["https://a.test/cb", "https://b.test/cb"]);
    assert_eq!(changed.secret, app.secret, "an edit keeps the secret");
    ada.page(&format!("/admin/app/{}/general", app.id)).await.must_show(&[
        "Either Okta or App",
        "https://app.tunnel.test/ngrok/login",
        "authorization_code",
    ]);
    let early = ada.submit(&edit, &status, &[("status", "DELETED")]).await;
    assert_eq!(early.answer.status, StatusCode::CONFLICT);
    ada.submit(&edit, &status, &[("status", "INACTIVE")]).await;
    ada.page("/admin/apps/active")
        .await
        .must_show(&["Reports", "<span class=\"status off\">Inactive</span>"]);
    let deleted = ada.submit(&edit, &status, &[("status", "DELETED")]).await;
    assert_eq!(deleted.answer.location(), "/admin/apps/active");
    assert!(org.model().app(&app.id).is_none());
}
