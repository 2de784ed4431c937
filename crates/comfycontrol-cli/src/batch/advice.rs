//! Which rows have not gone well, and what to do about it, in words: no I/O.

use serde_json::{Value, json};

use super::plan::Troubled;

/// A line for each kind of rows that have not gone well, whose lines in the table `line` knows.
pub(crate) fn advice(troubled: &Troubled, line: impl Fn(usize) -> u64) -> Vec<String> {
    let kinds = [
        (
            "in doubt",
            &troubled.in_doubt,
            "perhaps they run: the same command looks for them, and starts none twice",
        ),
        (
            "failed",
            &troubled.failed,
            "with --retry-failed, the same command runs them once more",
        ),
        (
            "refused",
            &troubled.refused,
            "nothing was started: the same command tries them again",
        ),
        (
            "not saved",
            &troubled.unsaved,
            "the runs are completed: the same command saves them, and runs nothing",
        ),
        (
            "gone",
            &troubled.gone,
            "their files are neither here nor at the API: the same command leaves them out, and a \
             batch of these rows in another directory runs them again",
        ),
        (
            "saved with fewer files than before",
            &troubled.fewer,
            "the others are not there any more, and nothing is run again",
        ),
    ];
    let some = kinds.iter().filter(|(_, rows, _)| !rows.is_empty());
    some.map(|(what, rows, way)| format!("{what}: {}; {way}", named(rows, &line)))
        .collect()
}

/// The same for a program.
pub(crate) fn lines(troubled: &Troubled, line: impl Fn(usize) -> u64) -> Value {
    let of = |rows: &[usize]| rows.iter().map(|row| line(*row)).collect::<Vec<_>>();
    json!({
        "failed": of(&troubled.failed), "refused": of(&troubled.refused),
        "in_doubt": of(&troubled.in_doubt), "unsaved": of(&troubled.unsaved),
        "gone": of(&troubled.gone), "fewer": of(&troubled.fewer),
    })
}

fn named(rows: &[usize], line: impl Fn(usize) -> u64) -> String {
    let shown: Vec<_> = rows.iter().take(MOST).map(|row| line(*row)).collect();
    let shown: Vec<_> = shown.iter().map(u64::to_string).collect();
    let word = if rows.len() == 1 { "line" } else { "lines" };
    match rows.len().saturating_sub(MOST) {
        0 => format!("{word} {}", shown.join(", ")),
        more => format!("{word} {} and {more} more", shown.join(", ")),
    }
}

/// So many lines are named.
const MOST: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn troubled() -> Troubled {
        Troubled {
            failed: vec![3],
            refused: Vec::new(),
            in_doubt: (0..12).collect(),
            unsaved: vec![20, 21],
            gone: vec![30],
            fewer: vec![31],
        }
    }

    #[test]
    fn each_kind_is_named_with_its_lines_and_what_to_do() {
        let told = [
            "in doubt: lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more; perhaps they run: the same \
             command looks for them, and starts none twice",
            "failed: line 5; with --retry-failed, the same command runs them once more",
            "not saved: lines 22, 23; the runs are completed: the same command saves them, and runs \
             nothing",
            "gone: line 32; their files are neither here nor at the API: the same command leaves \
             them out, and a batch of these rows in another directory runs them again",
            "saved with fewer files than before: line 33; the others are not there any more, and \
             nothing is run again",
        ];
        assert_eq!(advice(&troubled(), |row| row as u64 + 2), told);
        assert_eq!(advice(&Troubled::default(), |_| 2), [""; 0]);
    }

    #[test]
    fn a_program_is_told_all_lines() {
        let told = lines(&troubled(), |row| row as u64 + 2);
        assert_eq!(told["in_doubt"].as_array().unwrap().len(), 12);
        assert_eq!(
            (&told["failed"], &told["refused"]),
            (&json!([5]), &json!([]))
        );
        assert_eq!(
            (&told["gone"], &told["fewer"]),
            (&json!([32]), &json!([33]))
        );
    }
}
