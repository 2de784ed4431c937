//! What comes back.

use comfycontrol::{Body, ErrorKind};
use http::{Response, StatusCode};

use super::support::answering;

#[tokio::test(start_paused = true)]
async fn a_redirect_is_an_error_and_followed_by_nobody() {
    let (client, seen) = answering(|_| {
        let to = "https://evil.example/?signature=secret";
        Ok(Response::builder()
            .status(302)
            .header("location", to)
            .body(Body::empty())
            .unwrap())
    });
    let failed = client.get("/x").send().await.unwrap_err();
    assert_eq!(
        (failed.status(), seen.count()),
        (Some(StatusCode::FOUND), 1)
    );
    assert!(!format!("{failed:#} {failed:?}").contains("secret"));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_field_is_named_by_its_path() {
    let (client, _) = answering(|_| {
        Ok(Response::new(Body::from(
            r#"{"runners":[{"id":"a"},{"id":7}]}"#,
        )))
    });
    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code)]
    struct Runner {
        id: String,
    }
    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code)]
    struct Page {
        runners: Vec<Runner>,
    }
    let failed = client
        .get("/x")
        .send()
        .await
        .unwrap()
        .json::<Page>()
        .await
        .unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Decode);
    assert_eq!(failed.status(), Some(StatusCode::OK));
    assert!(failed.to_string().contains("`runners[1].id`"), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn html_in_place_of_json_is_an_error_that_shows_it() {
    let (client, _) = answering(|_| {
        let page = "<html>cfc_secret0secret</html>";
        Ok(Response::builder()
            .header("content-type", "text/html")
            .body(Body::from(page))
            .unwrap())
    });
    let failed = client
        .get("/x")
        .send()
        .await
        .unwrap()
        .json::<u8>()
        .await
        .unwrap_err();
    assert_eq!(
        format!("{failed:#}"),
        "200 answer is not the expected JSON at `.` (content type text/html): expected value at line 1 column 1"
    );
    assert!(!format!("{failed:?}").contains("secret0"), "{failed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_large_body_is_cut_off() {
    let (client, _) = answering(|_| Ok(Response::new(Body::from(vec![b'x'; 1_000]))));
    let failed = client
        .get("/x")
        .send()
        .await
        .unwrap()
        .max_body(999)
        .bytes()
        .await
        .unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::BodyTooLarge);
    assert_eq!(
        client
            .get("/x")
            .send()
            .await
            .unwrap()
            .max_body(1_000)
            .bytes()
            .await
            .unwrap()
            .len(),
        1_000
    );
}
