// What an isolate remembers of keys, paths or URLs. Clients choose these, and they may be long, so
// what is kept of them is bounded in bytes.
import { LRUCache } from "lru-cache";

const usualBytesMax = 1_048_576;

/** A mark for each of many names; the least recently used goes first. */
export class BoundedMarks<Mark extends number | string | object> extends LRUCache<string, Mark> {
  /**
   * @param bytesMax of all names and what stands around them
   * @param textOf   what of a mark is a client's or an origin's to choose, and counts like a name
   */
  constructor(bytesMax = usualBytesMax, textOf?: (mark: Mark) => string) {
    super({
      maxSize: bytesMax,
      sizeCalculation: (mark, name) => textBytes(name) + (textOf ? textBytes(textOf(mark)) : 0),
    });
  }
}

/** Roughly: two a character, and what stands around it. */
function textBytes(text: string): number {
  return 64 + 2 * text.length;
}
