//! A table of parameters in CSV: no I/O.

use std::collections::HashSet;

use csv::{ByteRecord, ReaderBuilder};

use crate::placeholders::{Kind, Placeholders};

/// The rows, and what their columns are.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row>,
}

/// What a column gives to the graph, by how its header begins.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Column {
    /// `#NAME`: the value of `$choice(NAME, …)`.
    Choice(String),
    /// `@NAME`: the path of the file for `$file(NAME)`.
    File(String),
    /// `NAME`: the value of `$text(NAME)`.
    Text(String),
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Row {
    /// Where it begins, as an editor counts: the first line is 1, and line breaks in quotes count.
    pub(crate) line: u64,
    pub(crate) values: Vec<String>,
}

impl Table {
    pub(crate) fn read(bytes: &[u8], delimiter: u8) -> Result<Self, String> {
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(bytes);
        let mut lines = Lines::new(bytes);
        let (mut columns, mut rows) = (None, Vec::new());
        let mut record = ByteRecord::new();
        loop {
            // It stands on the line break that has ended the record before.
            let from = reader.position().byte();
            let more = reader.read_byte_record(&mut record);
            if !more.map_err(|e| e.to_string())? {
                break;
            }
            let (from, to) = (at(from), at(reader.position().byte()));
            let (line, text) = lines.record(from, to);
            let values = values(&record, text).map_err(|what| format!("line {line}: {what}"))?;
            match &columns {
                None => columns = Some(header(&values)?),
                Some(columns) if columns.len() == values.len() => rows.push(Row { line, values }),
                Some(columns) => {
                    let (has, header) = (values.len(), columns.len());
                    return Err(format!(
                        "line {line}: it has {has} fields, and the header {header}"
                    ));
                }
            }
        }
        let columns = columns.ok_or("it has no header")?;
        match rows.is_empty() {
            true => Err("it has a header and no rows".to_owned()),
            false => Ok(Self { columns, rows }),
        }
    }
}

impl Table {
    /// Whether this is what a graph wants to be given.
    pub(crate) fn check(&self, graph: &Placeholders) -> Result<(), String> {
        for (column, number) in self.columns.iter().zip(1..) {
            let name = column.name();
            if let Some(mut told) = graph.unknown(column.kind(), name) {
                if self.columns.len() == 1 && name.contains([';', '\t']) {
                    told += "; --delimiter says what stands between the fields";
                }
                return Err(format!("column {number} of the header: {told}"));
            }
        }
        let is_given = |kind, name: &str| {
            let mut columns = self.columns.iter();
            columns.any(|column| (column.kind(), column.name()) == (kind, name))
        };
        if let Some(told) = graph.missing(is_given) {
            return Err(format!("the header: {told}"));
        }
        for Row { line, values } in &self.rows {
            for ((column, value), number) in self.columns.iter().zip(values).zip(1..) {
                if let Column::Choice(name) = column
                    && let Some(told) = graph.no_choice(name, value)
                {
                    return Err(format!("line {line}, column {number}: {told}"));
                }
            }
        }
        Ok(())
    }

    /// What the folder for the files of a row is called: all of one length, so that they stand in
    /// order.
    pub(crate) fn folder_name(&self, row: usize) -> String {
        let last = self.rows.last().map_or(0, |row| row.line);
        let width = last.to_string().len();
        format!("line-{:0width$}", self.rows[row].line)
    }
}

fn at(byte: u64) -> usize {
    usize::try_from(byte).unwrap_or(usize::MAX)
}

fn values(record: &ByteRecord, text: &[u8]) -> Result<Vec<String>, &'static str> {
    let quotes = text.iter().filter(|byte| **byte == b'"').count();
    let is_broken = |field: &[u8]| field.contains(&b'\n') || field.contains(&b'\r');
    // The rest of the table would be in one field.
    if quotes % 2 == 1 && record.iter().any(is_broken) {
        return Err("a quote is not closed");
    }
    let value = |field: &[u8]| String::from_utf8(field.to_vec()).map_err(|_| "it is not UTF-8");
    record.iter().map(value).collect()
}

fn header(names: &[String]) -> Result<Vec<Column>, String> {
    let mut seen = HashSet::new();
    let column = |name: &String| {
        let column = Column::of(name.trim());
        match column.name() {
            "" => Err("a column has no name in the header".to_owned()),
            name if !seen.insert(name.to_owned()) => {
                Err(format!("two columns are called `{name}` in the header"))
            }
            _ => Ok(column),
        }
    };
    names.iter().map(column).collect()
}

impl Column {
    fn of(header: &str) -> Self {
        let named = |name: &str| name.trim().to_owned();
        match header.as_bytes().first() {
            Some(b'#') => Self::Choice(named(&header[1..])),
            Some(b'@') => Self::File(named(&header[1..])),
            _ => Self::Text(named(header)),
        }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Choice(name) | Self::File(name) | Self::Text(name) => name,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Choice(_) => Kind::Choice,
            Self::File(_) => Kind::File,
            Self::Text(_) => Kind::Text,
        }
    }
}

/// Counts lines as editors do: CRLF, LF and CR each end one.
struct Lines<'a> {
    bytes: &'a [u8],
    /// Up to here they are counted.
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            line: 1,
        }
    }

    /// The line on which the record between these bytes begins, and its text. Between it and the
    /// one before there are line breaks alone, which the `csv` crate leaves to the next record, in
    /// part or all.
    fn record(&mut self, from: usize, to: usize) -> (u64, &'a [u8]) {
        let to = to.min(self.bytes.len());
        let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let breaks = self.bytes[from.min(to)..to]
            .iter()
            .take_while(|b| is_break(b));
        let start = from.min(to) + breaks.count();
        while self.at < start {
            let is_end = match self.bytes[self.at] {
                b'\n' => true,
                b'\r' => self.bytes.get(self.at + 1) != Some(&b'\n'),
                _ => false,
            };
            self.line += u64::from(is_end);
            self.at += 1;
        }
        (self.line, &self.bytes[start..to])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &str) -> Vec<u64> {
        let table = Table::read(text.as_bytes(), b',').unwrap();
        table.rows.iter().map(|row| row.line).collect()
    }

    #[test]
    fn a_row_is_on_the_line_that_an_editor_shows_whatever_ends_lines() {
        for end in ["\n", "\r\n", "\r"] {
            let text = |text: &str| text.replace('\n', end);
            assert_eq!(lines(&text("prompt\na\nb\nc\n")), [2, 3, 4], "{end:?}");
            assert_eq!(lines(&text("prompt\na\nb")), [2, 3], "{end:?}");
            let quoted = "prompt,seed\n\"a\nb\n\",1\nc,2\n\"\n\",3\nd,4\n";
            assert_eq!(lines(&text(quoted)), [2, 5, 6, 8], "{end:?}");
            assert_eq!(lines(&text("\n\nprompt\n\na\n\n\nb\n")), [5, 8], "{end:?}");
        }
        assert_eq!(lines("\u{feff}prompt\r\na\r\nb"), [2, 3]);
    }

    #[test]
    fn the_number_of_the_csv_crate_is_one_too_small_with_crlf() {
        let mut reader = ReaderBuilder::new().from_reader(&b"prompt\r\na\r\nb\r\n"[..]);
        let theirs = reader
            .byte_records()
            .map(|row| row.unwrap().position().unwrap().line());
        assert_eq!(theirs.collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn headers_say_what_a_column_is() {
        let table = Table::read(b"\xef\xbb\xbfprompt; #sampler ;@photo\na;b;c", b';').unwrap();
        let columns = [
            Column::Text("prompt".to_owned()),
            Column::Choice("sampler".to_owned()),
            Column::File("photo".to_owned()),
        ];
        assert_eq!(table.columns, columns);
        assert_eq!(table.rows[0].values, ["a", "b", "c"]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, told) in [
            ("", "it has no header"),
            ("prompt\n", "it has a header and no rows"),
            ("a,,b\n1,2,3", "a column has no name in the header"),
            ("a,@\n1,2", "a column has no name in the header"),
            ("a,#a\n1,2", "two columns are called `a` in the header"),
            (
                "a,b\r\n1,2\r\n3\r\n",
                "line 3: it has 1 fields, and the header 2",
            ),
            ("a\n1\n\"2\n3\n4\n", "line 3: a quote is not closed"),
        ] {
            assert_eq!(Table::read(text.as_bytes(), b',').unwrap_err(), told);
        }
        let told = Table::read(b"a\nb\n\xff\n", b',').unwrap_err();
        assert_eq!(told, "line 3: it is not UTF-8");
        assert_eq!(lines("pipe\n5\" wide\nb"), [2, 3]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// A table that is written field by field, its lines counted as they are written.
        #[test]
        fn each_row_comes_back_with_its_line(
            rows in proptest::collection::vec(("[a\"\n,]{0,5}x", "[a\r\n, ]{0,4}"), 1..20),
            end in prop_oneof![Just("\n"), Just("\r\n"), Just("\r")],
            blank in 0..3usize,
        ) {
            let mut text = format!("one,two{end}");
            let mut wanted = Vec::new();
            let breaks = |text: &str| {
                let crlf = text.matches("\r\n").count();
                text.matches(['\n', '\r']).count() - crlf
            };
            for (one, two) in rows {
                text += &end.repeat(blank);
                let line = breaks(&text) as u64 + 1;
                text += &format!("\"{}\",\"{two}\"{end}", one.replace('"', "\"\""));
                wanted.push(Row { line, values: vec![one, two] });
            }
            prop_assert_eq!(Table::read(text.as_bytes(), b',').unwrap().rows, wanted);
        }
    }
}
