# SPDX-License-Identifier: BSD-2-Clause
#
# results.jq - what bench/run wrote down, line by line, put together: medians over the rounds, and
# ratios to the reference row. A ratio is taken within each round first, so that a slow round is slow
# on both sides of it; the median comes after.

def median:
  sort | length as $n
  | if $n == 0 then null elif $n % 2 == 1 then .[($n - 1) / 2] else (.[$n / 2 - 1] + .[$n / 2]) / 2 end;

def summary:
  if length == 0 then null else {median: median, min: min, max: max, n: length} end;

# How many times better the reference is, or how much more this is.
def against($reference; $column):
  if $column.compare == "difference" then . - $reference
  elif $reference == 0 or . == 0 then empty
  elif $column.better == "more" then $reference / .
  else . / $reference end;

. as $lines
| ($lines | map(select(.declare == "header"))[0].header) + {
    tables: [
      $lines[] | select(.declare == "table") | . as $table
      | [$lines[] | select(.table == $table.id)] as $own
      | [$own[] | select(.declare == "values")] as $values
      | ($own | map(select(.declare == "column") | {key, title, better, compare, x, show})) as $columns
      | {id, question, title, unit, reference, plot, note, columns: $columns,
         rows: [
           $own[] | select(.declare == "row") | . as $row
           | [$values[] | select(.row == $row.name)] as $mine
           | (if $row.name | endswith(" (before)") then $row.name | rtrimstr(" (before)") else $table.reference end) as $name
           | ($values | map(select(.row == $name)) | group_by(.round)
              | map({key: "\(.[0].round)", value: (map(.values) | add)}) | from_entries) as $reference
           | {name, kind,
              problem: ([$own[] | select(.declare == "problem" and .row == $row.name).text]
                        + [$mine[] | .values.problem | select(. != null)] | first),
              cells: ([$columns[] | . as $column
                | {key, value: (
                    [$mine[] | .values[$column.key] | select(. != null)] | summary
                    | if . == null then null
                      elif $column.compare == "none" then .
                      else . + {compared: ([
                          $mine[] | .round as $round | .values[$column.key] | select(. != null)
                          | . as $value | $reference["\($round)"][$column.key] | select(. != null) as $r
                          | $value | against($r; $column)
                        ] | summary)}
                      end)}
              ] | from_entries)}
         ]}
    ]
  }
