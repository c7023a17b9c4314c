//! The real binary without AWS: usage, help, completions, and its messages when AWS cannot be reached.

mod support;

use support::{StandIn, sightline};

const ID: &str = "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4";

#[test]
fn every_command_has_help_with_an_example() {
    let commands: &[&[&str]] = &[
        &["upload"],
        &["watch"],
        &["import"],
        &["show"],
        &["find"],
        &["review", "list"],
        &["review", "approve"],
        &["review", "reject"],
        &["trends"],
        &["stats"],
        &["executions", "list"],
        &["executions", "show"],
        &["executions", "redrive"],
        &["logs"],
        &["erase"],
        &["reconcile"],
        &["dlq", "list"],
        &["dlq", "replay"],
        &["doctor"],
        &["completions"],
    ];
    for command in commands {
        let run = sightline(&[*command, &["--help"]].concat());
        assert_eq!(run.code, 0, "{command:?}");
        assert!(run.stdout.contains("Example") && run.stdout.contains(&format!("sightline {}", command.join(" "))), "{}", run.stdout);
    }
}

#[test]
fn what_is_missing_is_named_with_its_alternatives() {
    let cases: [(&[&str], &[&str]); 4] = [
        (&["logs", "--since", "1h"], &["ID", "--function"]),
        (&["erase", "--yes"], &["ID", "--key", "--owner"]),
        (&["executions", "redrive"], &["ID|ARN", "--all-failed", "--rejected"]),
        (&["find", "***"], &["a letter or a digit"]),
    ];
    for (arguments, named) in cases {
        let run = sightline(arguments);
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(named.iter().all(|name| run.stderr.contains(name)), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn wrong_usage_has_exit_code_2_and_a_message_on_stderr() {
    let wrong: &[&[&str]] = &[
        &[],
        &["frobnicate"],
        &["upload"],
        &["upload", "x.jpg", "--timeout", "5m"],
        &["upload", "x.jpg", "--concurrency", "0"],
        &["upload", "x.jpg", "--owner", "a/b"],
        &["import", "photos/"],
        &["import", "s3://photos/", "--results", "x.csv"],
        &["import", "s3://photos/", "--concurrency", "0"],
        &["watch"],
        &["show", "not-an-id"],
        &["erase"],
        &["erase", ID, "not-an-id"],
        &["find", "car", "--min-confidence", "101"],
        &["find", "car", "--since", "yesterday"],
        &["review", "reject", ID],
        &["review", "reject", ID, "--reason", "  "],
        &["executions", "show", "arn:aws:s3:::bucket"],
        &["executions", "redrive", ID, "--fresh", "--or-restart"],
        &["logs"],
        &["logs", ID, "--function", "frobnicate"],
        &["logs", ID, "--tail", "--output", "json"],
        &["logs", "a\"b"],
        &["reconcile", "--grace", "soon"],
        &["dlq", "list", "--limit", "0"],
        &["show", ID, "--endpoint-url", "127.0.0.1:4566"],
        &["trends", "--weeks", "0"],
        &["stats", "--since", "yesterday"],
    ];
    for args in wrong {
        let run = sightline(args);
        assert_eq!(run.code, 2, "{args:?}: {}", run.stderr);
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn completions_are_printed_for_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let run = sightline(&["completions", shell]);
        assert_eq!(run.code, 0);
        assert!(run.stdout.contains("sightline") && run.stdout.contains("executions"), "{shell}");
    }
}

#[test]
fn unreachable_endpoint_is_one_line_that_names_the_option() {
    let run = sightline(&["show", ID, "--endpoint-url", "http://127.0.0.1:1"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("cannot be reached") && run.stderr.contains("--endpoint-url"), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
}

#[test]
fn missing_stack_is_named_and_nothing_is_uploaded() {
    let stand_in = StandIn::answering(
        400,
        "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>\
         <Message>Stack with id nowhere-stateful does not exist</Message></Error></ErrorResponse>",
    );
    let run = sightline(&["upload", file!().trim_start_matches("cli/"), "--name", "nowhere", "--endpoint-url", &stand_in.url]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    for part in ["stack nowhere-stateful does not exist", "eu-west-1", "make up", "--name"] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    assert!(run.stdout.is_empty());
    assert_eq!(stand_in.requests(), 1);
}

#[test]
fn denied_permission_has_its_own_exit_code() {
    let body =
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User x may not</Message></Error></ErrorResponse>";
    let run = sightline(&["find", "car", "--endpoint-url", &StandIn::answering(403, body).url]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("permission denied") && run.stderr.contains("User x may not"), "{}", run.stderr);
}

#[test]
fn local_paths_are_checked_before_any_request() {
    let stand_in = StandIn::answering(500, "");
    let import = |file: &'static str| vec!["import", "s3://photos/", "--wait", "--yes", "--results", file];
    for (args, message) in [
        (vec!["upload", "no/such/photo.jpg"], "no/such/photo.jpg: it does not exist"),
        (vec!["watch", "no/such/folder"], "no/such/folder: it does not exist"),
        (vec!["watch", "/dev/null"], "/dev/null is not a folder"),
        (import("/"), "/: the results cannot be written: it is a folder"),
        (import("/no/such/folder/x.csv"), "/no/such/folder/x.csv: the results cannot be written: its folder does not exist"),
    ] {
        let run = sightline(&[args.as_slice(), &["--endpoint-url", &stand_in.url]].concat());
        assert_eq!(run.code, 1, "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains(message), "{args:?}: {}", run.stderr);
    }
    assert_eq!(stand_in.requests(), 0);
}

#[test]
fn missing_credentials_and_missing_region_are_reported() {
    let no_credentials = support::run(&["find", "car", "--region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:1"], &[]);
    assert_eq!(no_credentials.code, 5, "{}", no_credentials.stderr);
    assert!(no_credentials.stderr.contains("no AWS credentials"), "{}", no_credentials.stderr);
    let no_region = support::run(&["find", "car"], &[("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")]);
    assert_eq!(no_region.code, 1);
    assert!(no_region.stderr.contains("no region is set"), "{}", no_region.stderr);
}

#[test]
fn missing_profile_is_reported_even_if_the_environment_has_keys() {
    let run = sightline(&["find", "car", "--profile", "nope", "--endpoint-url", "http://127.0.0.1:1"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("nope"), "{}", run.stderr);
}

#[test]
fn doctor_prints_failed_checks_as_json() {
    let run = sightline(&["doctor", "--output", "ndjson", "--endpoint-url", "http://127.0.0.1:1"]);
    assert_eq!(run.code, 1);
    let last = run.stdout.lines().last().unwrap();
    assert!(last.contains(r#""Check":"credentials","Ok":false"#) && last.contains("cannot be reached"), "{last}");
}

#[test]
fn enum_values_are_accepted_in_any_case_and_as_aws_writes_them() {
    for status in ["succeeded", "SUCCEEDED", "TIMED_OUT", "timed_out", "timed-out", "Pending_Redrive"] {
        let run = sightline(&["executions", "list", "--status", status, "--output", "JSON", "--endpoint-url", "http://127.0.0.1:1"]);
        assert_eq!(run.code, 1, "{status}: {}", run.stderr);
        assert!(run.stderr.contains("cannot be reached"), "{status}: {}", run.stderr);
    }
}

#[test]
fn control_characters_in_a_file_name_are_not_printed() {
    let dir = tempfile::tempdir().unwrap();
    let name = "a\u{1b}[31m\u{9b}b\u{202e}gpj.jpg";
    std::fs::write(dir.path().join(name), "x").unwrap();
    let stand_in = support::empty_deployment();
    for format in ["table", "json", "ndjson"] {
        let run = sightline(&["upload", &dir.path().to_string_lossy(), "--output", format, "--endpoint-url", &stand_in.url]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let is_control = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!run.stdout.contains(is_control) && !run.stderr.contains(is_control), "{format}: {:?}", run.stdout);
        if format == "ndjson" {
            let printed: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
            assert!(printed["File"].as_str().unwrap().ends_with(name), "JSON keeps the name");
        }
    }
}

#[test]
fn photo_on_stdin_is_uploaded_unchanged_with_the_given_name() {
    let stand_in = support::empty_deployment();
    let bytes: Vec<u8> = (0..=255).collect();
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, &bytes).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let args = ["upload", "-", "--filename", "cat.jpg", "--output", "ndjson", "--endpoint-url", &stand_in.url];
    let output = support::command(&args).stdin(file).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((printed["File"].as_str(), printed["Upload"].as_str()), (Some("-"), Some("UPLOADED")));
    // SHA-256 of the bytes 0 to 255.
    assert!(stand_in.seen("x-amz-meta-filename: cat.jpg") && stand_in.seen("QK/y6dLYki5Hr9RkjmlnSXFYeF+9Hahw5xECZr+USIA="));
}

#[test]
fn table_fits_the_variable_columns_and_is_ascii_on_a_dumb_terminal() {
    let columns = |columns: &'static str, term: &'static str| {
        let env =
            [("COLUMNS", columns), ("TERM", term), ("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "t"), ("AWS_SECRET_ACCESS_KEY", "t")];
        support::run(&["doctor", "--endpoint-url", "http://127.0.0.1:1"], &env).stdout
    };
    for width in ["40", "80", "120"] {
        let shown = columns(width, "xterm");
        assert!(shown.lines().all(|line| line.chars().count() <= width.parse().unwrap()), "{width}:\n{shown}");
    }
    assert!(columns("80", "xterm").contains('─'));
    assert!(columns("80", "dumb").is_ascii());
}
