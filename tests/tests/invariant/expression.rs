//! The part of JSONata that the state machine's definition uses: paths, `=`, `!=`, `>`, `or`, `? :`, `$count`, `$exists`, and `$sum` of an array.
//!
//! Any other expression panics, so a new one fails the tests until it is supported here. `tests/state_machine/runs.rs` runs the definition
//! with a real JSONata engine.

use serde_json::{Map, Value, json};

/// The names of an expression: `$states` and the variables.
pub type Names = Map<String, Value>;

/// The template with every expression in it evaluated.
pub fn evaluate(template: &Value, names: &Names) -> Value {
    match template {
        Value::String(text) => match text.strip_prefix("{%").and_then(|rest| rest.strip_suffix("%}")) {
            Some(expression) => value_of(expression, names).unwrap_or_else(|| panic!("States.QueryEvaluationError: {expression}")),
            None => template.clone(),
        },
        Value::Object(pairs) => pairs.iter().map(|(key, part)| (key.clone(), evaluate(part, names))).collect(),
        Value::Array(parts) => parts.iter().map(|part| evaluate(part, names)).collect(),
        other => other.clone(),
    }
}

/// The value of an expression; `None` if it is undefined.
pub fn value_of(expression: &str, names: &Names) -> Option<Value> {
    let mut reader = Reader { rest: expression.trim(), names };
    let value = reader.choice();
    assert!(reader.rest.is_empty(), "{expression:?}: {:?} is not supported here", reader.rest);
    value
}

struct Reader<'a> {
    rest: &'a str,
    names: &'a Names,
}

impl Reader<'_> {
    fn takes(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.map_or(self.rest, str::trim_start);
        rest.is_some()
    }

    fn word(&mut self, fits: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|c| !fits(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word.to_owned()
    }

    fn choice(&mut self) -> Option<Value> {
        let condition = self.either();
        if !self.takes("?") {
            return condition;
        }
        let yes = self.either();
        assert!(self.takes(":"), "? without :");
        let no = self.either();
        if condition == Some(json!(true)) { yes } else { no }
    }

    fn either(&mut self) -> Option<Value> {
        let mut value = self.comparison();
        while self.takes("or ") {
            let other = self.comparison();
            value = Some(json!(value == Some(json!(true)) || other == Some(json!(true))));
        }
        value
    }

    fn comparison(&mut self) -> Option<Value> {
        let left = self.operand();
        if self.takes("!=") {
            Some(json!(left != self.operand()))
        } else if self.takes("=") {
            Some(json!(left == self.operand()))
        } else if self.takes(">") {
            let right = self.operand();
            Some(json!(left.and_then(|value| value.as_u64()) > right.and_then(|value| value.as_u64())))
        } else {
            left
        }
    }

    fn operand(&mut self) -> Option<Value> {
        if self.takes("$count(") {
            let counted = self.argument();
            return Some(json!(counted.and_then(|value| value.as_array().map(Vec::len)).unwrap_or_default()));
        }
        if self.takes("$sum([") {
            let mut sum = 0;
            loop {
                sum += self.operand().and_then(|value| value.as_u64()).unwrap_or_default();
                if self.takes("])") {
                    return Some(json!(sum));
                }
                assert!(self.takes(","), "a list without its end");
            }
        }
        if self.takes("$exists(") {
            return Some(json!(self.argument().is_some()));
        }
        if self.takes("'") {
            let text = self.word(|c| c != '\'');
            assert!(self.takes("'"), "a string without its end");
            return Some(json!(text));
        }
        if self.takes("null") {
            return Some(Value::Null);
        }
        if self.takes("$") {
            return self.path();
        }
        let digits = self.word(|c| c.is_ascii_digit());
        Some(json!(digits.parse::<u64>().unwrap_or_else(|_| panic!("{:?} is not supported here", self.rest))))
    }

    fn argument(&mut self) -> Option<Value> {
        let value = self.choice();
        assert!(self.takes(")"), "a call without its end");
        value
    }

    fn path(&mut self) -> Option<Value> {
        let name = self.word(char::is_alphanumeric);
        let mut value = self.names.get(&name).cloned();
        loop {
            if self.takes(".") {
                let field = self.word(char::is_alphanumeric);
                value = value.and_then(|value| value.get(&field).cloned());
            } else if self.takes("[") {
                let place: usize = self.word(|c| c.is_ascii_digit()).parse().expect("a place in an array");
                assert!(self.takes("]"), "[ without ]");
                value = value.and_then(|value| value.get(place).cloned());
            } else {
                return value;
            }
        }
    }
}
