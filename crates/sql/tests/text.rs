//! Tokens, single expressions and types, places of errors, and text that nobody would write.

use proptest::prelude::*;
use sql::{
    Shape, Stmt, TokenKind, canonical, parse, parse_expression, parse_query, parse_type, routine_body,
    routine_body_within, tokens,
};

#[test]
fn types_have_inner_names() {
    // Written, schema and name, modifiers, dimensions, serial.
    const CASES: &[(&str, &str, &[i64], u8, bool)] = &[
        ("varchar(255)", "pg_catalog.varchar", &[255], 0, false),
        ("numeric(10, 2)", "pg_catalog.numeric", &[10, 2], 0, false),
        ("text[]", "text", &[], 1, false),
        ("int[][3]", "pg_catalog.int4", &[], 2, false),
        ("integer ARRAY[3]", "pg_catalog.int4", &[], 1, false),
        ("timestamp (3) with time zone", "pg_catalog.timestamptz", &[3], 0, false),
        ("time without time zone[]", "pg_catalog.time", &[], 1, false),
        ("double precision", "pg_catalog.float8", &[], 0, false),
        ("character varying(3)[]", "pg_catalog.varchar", &[3], 1, false),
        ("interval day to second(3)", "pg_catalog.interval", &[7176, 3], 0, false),
        ("\"my_enum\"", "my_enum", &[], 0, false),
        ("\"public\".\"My\"\"Enum\"", "public.My\"Enum", &[], 0, false),
        ("serial", "int4", &[], 0, true),
        ("bigserial", "int8", &[], 0, true),
        ("geometry(point, 4326)", "geometry", &[4326], 0, false),
        ("\"char\"", "char", &[], 0, false),
        ("char", "pg_catalog.bpchar", &[1], 0, false),
        ("uuid -- comment", "uuid", &[], 0, false),
    ];
    for (text, name, modifiers, dimensions, serial) in CASES {
        let found = parse_type(text).unwrap_or_else(|| panic!("{text} is a type"));
        let schema = found.schema.map(|schema| schema + ".").unwrap_or_default();
        assert_eq!(&(schema + &found.name), name, "{text}");
        assert_eq!(found.modifiers, *modifiers, "{text}");
        assert_eq!((found.dimensions, found.serial), (*dimensions, *serial), "{text}");
        let written = text.split(" --").next().unwrap_or_default();
        assert_eq!(found.span.of(text), written, "{text}");
    }
    for text in ["", "1", "text; drop table x", "text, 1", "a b c", "text)", "text FROM x", "text::int"] {
        assert_eq!(parse_type(text), None, "{text}");
    }
}

#[test]
fn expressions_have_a_shape() {
    let shape = |text: &str| parse_expression(text).map(|expr| expr.shape);
    assert_eq!(shape("NULL::text"), Some(Shape::Null));
    assert_eq!(shape("now()"), Some(Shape::Call("now".to_owned())));
    assert_eq!(shape("CURRENT_TIMESTAMP"), Some(Shape::Call("now".to_owned())));
    assert_eq!(shape("a + 1"), Some(Shape::Other));
    assert_eq!(shape("-1.5"), Some(Shape::Constant { value: "-1.5".into(), string: false, cast: None }));
    assert_eq!(shape("true"), Some(Shape::Constant { value: "true".into(), string: false, cast: None }));
    let Some(Shape::Constant { value, string: true, cast: Some(cast) }) = shape("'a''b'::\"s\".\"mood\"")
    else {
        panic!("a string with a cast");
    };
    assert_eq!((value.as_str(), cast.to_owned().name.as_str()), ("a'b", "mood"));
    let Some(Shape::Column { name, cast: Some(_) }) = shape("\"C\"::int") else {
        panic!("a column with a cast");
    };
    assert_eq!(name.text, "C");
    assert_eq!(shape("\"C\"::text::int"), Some(Shape::Other));
    assert_eq!(shape("1; SELECT 2"), None);
    assert_eq!(shape("1), (2"), None);
    assert_eq!(shape(""), None);
}

#[test]
fn expressions_keep_their_text() {
    let text = "  lower( \"a\" ) || 'x' -- why";
    let expr = parse_expression(text).expect("an expression");
    assert_eq!(expr.text, "lower( \"a\" ) || 'x'");
    assert_eq!(expr.span.of(text), expr.text);
    assert_eq!(expr.uses.columns[0].span.of(text), "\"a\"");
}

#[test]
fn spellings_of_one_expression_are_equal() {
    const CASES: &[(&str, &str)] = &[
        ("CAST(a AS text)", "(a)::text"),
        ("a<>'x'", "a  != 'x'"),
        ("LOWER(\"a\")", "lower(a)"),
        ("((a > 0) AND (b > 0))", "a > 0 and b > 0"),
    ];
    let written = |text: &str| canonical(&parse_expression(text).expect("an expression"));
    for (one, other) in CASES {
        assert_eq!(written(one), written(other));
    }
    assert_ne!(written("a + (b * c)"), written("(a + b) * c"));
}

#[test]
fn queries_stand_alone() {
    assert!(parse_query("select \"id\" from \"users\"").is_some());
    assert!(parse_query("select 1; select 2").is_none());
    assert!(parse_query("drop table x").is_none());
    assert!(parse_query("").is_none());
}

#[test]
fn tokens_are_told_apart() {
    use TokenKind::*;
    const CASES: &[(&str, &[TokenKind])] = &[
        ("a.\"b\"\"c\" U&\"d\"", &[Word, Punct(b'.'), Quoted, UnicodeQuoted]),
        (
            "'a''b' E'\\'' U&'x' N'y' B'01' x'ff'",
            &[String, EscapeString, UnicodeString, String, BitString, BitString],
        ),
        ("'a'\n 'b' 'c' 'd'", &[String, String, String]),
        ("$$a;$$ $x$ $$ $x$ $1 a$1$b", &[DollarString, DollarString, Param, Word]),
        ("/* /* */ ; */ -- x\n;", &[Comment, Comment, Punct(b';')]),
        ("1.5e-3 .5 0x1F 1_000 1..10", &[Number, Number, Number, Number, Number, Operator, Number]),
        (
            "a::b := c => d=-1 @-",
            &[Word, Operator, Word, Operator, Word, Operator, Word, Operator, Operator, Number, Operator],
        ),
        ("a<>--x", &[Word, Operator, Comment]),
        ("'open", &[String]),
        ("/* open", &[Comment]),
        ("é_ü1 \u{7f}", &[Word, Unknown]),
    ];
    for (text, kinds) in CASES {
        let found: Vec<TokenKind> = tokens(text).iter().map(|token| token.kind).collect();
        assert_eq!(&found, kinds, "{text}");
    }
}

#[test]
fn tokens_have_values() {
    let string = |text: &str| tokens(text)[0].string(text);
    assert_eq!(string("'a''b'").as_deref(), Some("a'b"));
    assert_eq!(string("'a'\n'b'").as_deref(), Some("ab"));
    assert_eq!(string("E'\\n\\x41\\u00e9\\''").as_deref(), Some("\nAé'"));
    assert_eq!(string("U&'\\0041\\\\\\+000042'").as_deref(), Some("A\\B"));
    assert_eq!(string("$q$it's$q$").as_deref(), Some("it's"));
    assert_eq!(string("a"), None);
    let ident = |text: &str| tokens(text)[0].ident(text);
    assert_eq!(ident("FooÉ").as_deref(), Some("fooÉ"));
    assert_eq!(ident("\"Foo\"\"\"").as_deref(), Some("Foo\""));
    assert_eq!(ident(&"é".repeat(40)).as_deref(), Some("é".repeat(31).as_str()));
}

#[test]
fn errors_have_a_place_in_bytes() {
    let text = "SELECT 'é', FROM t";
    let parsed = parse(text, 0);
    assert_eq!(parsed.errors.len(), 1);
    assert_eq!(parsed.errors[0].span.of(text), "FROM");
    assert_eq!(parse(text, 100).errors[0].span, parsed.errors[0].span.shifted(100));
    let nul = "SELECT 1; SELECT 2\0; SELECT 3";
    let parsed = parse(nul, 0);
    assert_eq!((parsed.statements.len(), parsed.errors.len()), (2, 1));
    assert_eq!(parsed.errors[0].span.of(nul), "\0");
}

#[test]
fn places_are_places_in_the_file() {
    let file = "-- é\n\nDROP TABLE a;";
    let parsed = parse(&file[7..], 7);
    let Stmt::Drop(drop) = &parsed.statements[0].stmt else { panic!("a DROP") };
    assert_eq!(drop.objects[0].name.span.of(file), "a");
    assert_eq!(parsed.statements[0].span.of(file), "DROP TABLE a");
}

#[test]
fn escaped_bodies_have_one_place() {
    let place = source::Span::new(10, 20);
    let body = routine_body_within("BEGIN DROP TABLE a; EXECUTE x; END", place);
    let Stmt::Drop(drop) = &body.statements[0].statement.stmt else { panic!("a DROP") };
    assert_eq!((drop.objects[0].name.span, body.unknown[0].0), (place, place));
}

#[test]
fn depth_is_no_danger() {
    let count = 100_000;
    let repeated = [
        format!("SELECT {}1{}", "(".repeat(count), ")".repeat(count)),
        format!("SELECT {}", "(SELECT ".repeat(count)),
        format!("SELECT * FROM t WHERE a = 1{}", "+1".repeat(count)),
        format!("SELECT {} 1", "NOT ".repeat(count)),
        format!("SELECT {} 1", "CASE WHEN ".repeat(count)),
        format!("SELECT 1{}", " UNION SELECT 1".repeat(count / 10)),
        format!("SELECT 1 FROM a{}", " JOIN b ON true".repeat(count / 10)),
        format!("SELECT a{}", "::int".repeat(count)),
        format!("{} 1 {}", "SELECT * FROM t WHERE a IN (".repeat(98), ")".repeat(98)),
        format!("{} SELECT 1 {}", "WITH a AS (".repeat(98), ") SELECT 1".repeat(98)),
    ];
    for text in &repeated {
        let parsed = parse(text, 0);
        assert_eq!(parsed.statements.len() + parsed.errors.len(), 1, "{}", &text[..40]);
        if let Some(Stmt::Query(query)) = parsed.statements.first().map(|statement| &statement.stmt)
            && let Some(filter) = &query.filter
        {
            canonical(filter);
        }
    }
    let body = format!("BEGIN {} PERFORM 1; {} END", "IF a THEN ".repeat(count), "END IF; ".repeat(count));
    assert_eq!(routine_body(&body, 0).statements.len(), 1);
}

#[test]
fn odd_bodies_are_unknown() {
    const CASES: &[&str] = &[
        "",
        "SELECT 1",
        "BEGIN IF a THEN",
        "BEGIN END; SELECT 1;",
        "BEGIN END IF; END",
        "BEGIN SELEC 1; END",
    ];
    for body in CASES {
        assert!(!routine_body(body, 0).unknown.is_empty(), "{body}");
    }
    assert_eq!(routine_body("BEGIN RETURN NEW; END;", 0), Default::default());
}

/// Words that make texts which get further than letters at random.
fn words() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "SELECT",
        "FROM",
        "t",
        "(",
        ")",
        ",",
        ";",
        "'x'",
        "E'\\",
        "$$",
        "\"q\"",
        "1",
        "+",
        "CREATE",
        "TABLE",
        "int",
        "DEFAULT",
        "NOT",
        "NULL",
        "ALTER",
        "ADD",
        "COLUMN",
        "CHECK",
        "BEGIN",
        "END",
        "IF",
        "THEN",
        "LOOP",
        "CASE",
        "WHEN",
        "EXECUTE",
        "||",
        "INTO",
        "DECLARE",
        "EXCEPTION",
        "FOR",
        "IN",
        "--",
        "/*",
        "*/",
        "\n",
        "é",
        "..",
        "INSERT",
        "VALUES",
        "UPDATE",
        "SET",
        "=",
        "WITH",
        "AS",
        "UNION",
        "DROP",
        "[",
        "]",
        "::",
        "INDEX",
        "ON",
        "GRANT",
        "TO",
        "FUNCTION",
        "TYPE",
        "ENUM",
        "COMMENT",
        "IS",
        "RETURN",
        "QUERY",
        ".",
        "<<",
        ">>",
        "\0",
    ];
    proptest::collection::vec(proptest::sample::select(WORDS), 0..40).prop_map(|words| words.join(" "))
}

fn read_every_way(text: &str) {
    for token in tokens(text) {
        token.string(text);
        token.ident(text);
        token.inside(text);
    }
    let parsed = parse(text, 0);
    for error in &parsed.errors {
        assert!(text.is_char_boundary(error.span.start as usize) && error.span.end as usize <= text.len());
    }
    for statement in &parsed.statements {
        assert!(!statement.span.of(text).is_empty());
    }
    routine_body(text, 0);
    routine_body(&format!("BEGIN {text}"), 0);
    parse_type(text);
    if let Some(expr) = parse_expression(text) {
        canonical(&expr);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in "\\PC{0,80}") {
        read_every_way(&text);
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        read_every_way(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_words_are_read(text in words()) {
        read_every_way(&text);
    }
}
