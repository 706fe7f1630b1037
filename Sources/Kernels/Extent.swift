/// A length as a type: passing `Extent<4>.self` lets a generic function unroll its loops over 0..<4.
public enum Extent<let count: Int> {}
