use super::*;

fn target() -> Target {
    Target::base("https://api.comfycontrol.app").unwrap().0
}

#[test]
fn a_path_is_joined_to_the_origin() {
    for (given, joined) in [
        ("/v1/user", "https://api.comfycontrol.app/v1/user"),
        (
            "/v1/user?page=2",
            "https://api.comfycontrol.app/v1/user?page=2",
        ),
        ("/v1/a@b:c", "https://api.comfycontrol.app/v1/a@b:c"),
        (
            "https://API.comfycontrol.app:443/x",
            "https://API.comfycontrol.app:443/x",
        ),
        ("/", "https://api.comfycontrol.app/"),
    ] {
        assert_eq!(target().resolve(given).unwrap(), joined, "{given}");
    }
}

#[test]
fn nothing_leaves_the_origin() {
    for given in [
        "https://api.comfycontrol.app.evil.example/v1",
        "https://evil.example/",
        "http://api.comfycontrol.app/",
        "https://api.comfycontrol.app:444/",
        "https://api.comfycontrol.app@evil.example/",
        "https://cfc_x@api.comfycontrol.app/",
        "https://api.comfycontrol.app./",
    ] {
        let refused = target().resolve(given).unwrap_err();
        assert!(refused.is_other_origin(), "{given}: {refused}");
    }
    for given in [
        "",
        "v1/user",
        "@evil.example",
        "//evil.example/v1",
        "/\\evil.example",
        "\\\\evil.example",
        "*",
        "/v1/../x",
        "/v1/..;/x",
        "/v1/%252e%252e/x",
        "/v1/%c0%ae%c0%ae/x",
        "/v1/a%00",
        "/v1/%2e%2E/x",
        "/v1/..%2fx",
        "/v1/..%5c..%5cx",
        "/v1/workflow/%2e%2e%2fuser",
        "/v1/workflow/%2E.%2Fuser",
        "/v1/.%2e%5cx",
        "/v1/x%2f..",
        "/v1/%2e",
        "/.",
        "/v1/.?page=2",
        "/v1/\0",
        "/v1/a\nb",
        "/v1#x",
        "https://ü.example/v1",
        "ftp://x/",
        "evil.example:443",
    ] {
        assert!(target().resolve(given).is_err(), "{given}");
    }
    let long = format!("/{}", "a".repeat(70_000));
    assert!(target().resolve(&long).is_err());
}

#[test]
fn dots_and_codes_that_lead_nowhere_are_left_alone() {
    for given in [
        "/v1/a.json",
        "/v1/..a/.b/c..",
        "/v1/a%20b%2Fc",
        "/v1/%2e%2e%2e",
        "/v1/%c3%bc%ff",
        "/v1/x?next=../../y&z=%2e%2e%2f",
    ] {
        let uri = target().resolve(given).unwrap();
        assert_eq!(uri.path_and_query().unwrap(), given);
    }
}

#[test]
fn what_a_url_cannot_have_is_encoded_as_the_url_standard_says() {
    let odd = "/a b\"<>^`{}|'ü\u{7f}%20+%zz?q=a b\"<>^`{}|'ü\u{7f}%20+%zz&a=/?&a=&b";
    let sent = "/a%20b%22%3C%3E%5E%60%7B%7D|'%C3%BC%7F%20+%zz\
                ?q=a%20b%22%3C%3E^`{}|%27%C3%BC%7F%20+%zz&a=/?&a=&b";
    assert_eq!(
        target().resolve(odd).unwrap().path_and_query().unwrap(),
        sent
    );
    for host in ["https://storage.example", "http://127.0.0.1:8080"] {
        let uri = elsewhere(target(), vec!["127.0.0.1".to_owned()])
            .resolve(&format!("{host}{odd}"))
            .unwrap();
        assert_eq!(uri.to_string(), format!("{host}{sent}"));
    }
    let query = elsewhere(target(), Vec::new()).resolve("https://a.example?a b://c d");
    assert_eq!(query.unwrap(), "https://a.example/?a%20b://c%20d");
    assert!(target().is_origin_of("https://api.comfycontrol.app/a b"));
}

#[test]
fn pairs_follow_the_query_that_is_there() {
    for (given, joined) in [
        ("/x", "/x?a=1"),
        ("/x?", "/x?a=1"),
        ("/x?b=2", "/x?b=2&a=1"),
    ] {
        let uri = with_query(target().resolve(given).unwrap(), "a=1").unwrap();
        assert_eq!(uri.path_and_query().unwrap(), joined);
    }
}

#[test]
fn anywhere_means_https_to_others_and_this_machine_if_the_base_is() {
    let reaching = |this_machine, hosts: &[&str]| {
        let base = if this_machine {
            "http://127.0.0.1:1"
        } else {
            "https://api.comfycontrol.app"
        };
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        elsewhere(Target::base(base).unwrap().0, hosts)
    };
    let public = "https://storage.comfycontrol.app/a?signature=x";
    let local = [
        "http://127.0.0.1:8080/a",
        "http://localhost/a",
        "https://[::1]/a",
    ];
    let internal = [
        "https://169.254.169.254/latest",
        "https://10.0.0.1/a",
        "https://[fd00::1]/a",
        "https://[::ffff:10.0.0.1]/a",
        "https://100.64.0.1/a",
    ];
    for this_machine in [true, false] {
        let target = reaching(this_machine, &[]);
        assert!(target.resolve(public).is_ok());
        for given in local {
            assert_eq!(target.resolve(given).is_ok(), this_machine, "{given}");
        }
        for given in internal {
            assert!(target.resolve(given).is_err(), "{given}");
        }
        for given in [
            "http://storage.comfycontrol.app/a",
            "/a",
            "https://u:p@h/a",
            "ftp://h/",
        ] {
            assert!(target.resolve(given).is_err(), "{given}");
        }
    }
    let named = reaching(false, &["10.0.0.1", "LOCALHOST"]);
    assert!(named.resolve("https://10.0.0.1/a").is_ok());
    assert!(named.resolve("http://localhost/a").is_ok());
    assert!(named.resolve("http://10.0.0.1/a").is_err());
    assert!(named.resolve("https://10.0.0.2/a").is_err());
}

#[test]
fn a_port_beyond_65535_is_refused_everywhere_and_never_another_one() {
    let anywhere = elsewhere(target(), Vec::new());
    for port in ["65536", "99999", "4294967739", "0", "+443", "x"] {
        let url = format!("https://files.example:{port}/x");
        let refused = anywhere.resolve(&url).unwrap_err();
        assert!(!refused.to_string().is_empty(), "{url}");
        if let Ok(uri) = url.parse() {
            anywhere.resolve_uri(uri).unwrap_err();
        }
        let base = Target::base(&format!("https://files.example:{port}"));
        assert!(base.is_err(), "{port}");
    }
    for port in [1, 65535] {
        let url = format!("https://files.example:{port}/x");
        assert_eq!(anywhere.resolve(&url).unwrap().port_u16(), Some(port));
    }
}

fn elsewhere(home: Target, named: Vec<String>) -> Target {
    Target::Anywhere(home.internal_hosts(named))
}
