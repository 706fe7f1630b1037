/// The words in a sentence: "a, b and c".
package func list(_ words: [String], _ conjunction: String = "and") -> String {
  guard let last = words.last, words.count > 1 else { return words.first ?? "" }
  return words.dropLast().joined(separator: ", ") + " \(conjunction) " + last
}

/// The known word that differs from `word` in at most two letters, or a third of them for short words.
package func nearest(to word: String, among known: [String]) -> String? {
  let tolerance = min(2, word.count / 3)
  return known.map { (word: $0, distance: editDistance(word, $0)) }
    .filter { $0.distance <= tolerance }
    .min { $0.distance < $1.distance }?.word
}

/// The least number of letters to insert, delete or replace to turn one word into the other (Levenshtein).
///
/// - Complexity: O(n·m) for words of n and m letters.
package func editDistance(_ first: String, _ second: String) -> Int {
  let second = Array(second)
  var row = Array(0...second.count)
  for (i, letter) in first.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, other) in second.enumerated() {
      let replaced = diagonal + (letter == other ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[second.count]
}

/// `text` with control characters escaped, so that no file's content can break a line or command a terminal.
package func printable(_ text: some StringProtocol) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    if scalar.properties.generalCategory == .control {
      result += scalar.escaped(asASCII: true)
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// At most 40 characters of `text`, for a sentence that quotes it.
package func shortened(_ text: some StringProtocol) -> String {
  var beginning = String.UnicodeScalarView(text.unicodeScalars.prefix(40))
  if text.unicodeScalars.count > beginning.count { beginning.append("…") }
  return String(beginning)
}
