@testable import Layers
import Testing

@Suite struct FloatBufferTests {
  private static let counts = [0, 1, 15, 16, 17, 1000, 1 << 16]

  @Test(arguments: counts)
  func freshMemoryIsAlignedAndPoisoned(count: Int) throws {
    let buffer = try FloatBuffer(count: count)
    #expect(buffer.count == count)
    #expect(UInt(bitPattern: buffer.pointer) % UInt(FloatBuffer.alignment) == 0)
    #expect(buffer.firstDamage() == nil)
    for i in 0..<count { try #require(buffer.pointer[i].bitPattern == FloatBuffer.poison) }
  }

  @Test func poisonIsAQuietNaN() {
    let poison = Float(bitPattern: FloatBuffer.poison)
    #expect(poison.isNaN && !poison.isSignalingNaN)
    // Not the NaN that invalid operations give.
    #expect(Float.nan.bitPattern != FloatBuffer.poison)
    #expect((Float.infinity - .infinity).bitPattern != FloatBuffer.poison)
  }

  @Test func writingWithinIsNoDamageAndPoisoningOverwritesAll() throws {
    let buffer = try FloatBuffer(count: 37)
    buffer.pointer.update(repeating: 1, count: 37)
    #expect(buffer.firstDamage() == nil)
    buffer.poison()
    #expect((0..<37).allSatisfy { buffer.pointer[$0].bitPattern == FloatBuffer.poison })
    #expect(buffer.firstDamage() == nil)
  }

  @Test(arguments: counts)
  func damageIsFoundAtEverySideAndDistance(count: Int) throws {
    for distance in 1...FloatBuffer.guardCount {
      for value in [Float(0), .nan, Float(bitPattern: FloatBuffer.poison ^ 1)] {
        let after = try FloatBuffer(count: count)
        after.pointer[count + distance - 1] = value
        #expect(after.firstDamage() == distance)
        let before = try FloatBuffer(count: count)
        before.pointer[-distance] = value
        #expect(before.firstDamage() == -distance)
        before.restoreGuards()
        #expect(before.firstDamage() == nil)
      }
    }
  }

  @Test func theErrorNamesTheSize() {
    // Not provoked: a system that overcommits grants any size, and poisoning it would take all memory.
    #expect(OutOfMemory(bytes: 12).description == "the system did not provide 12 bytes of memory for a tensor")
  }
}
