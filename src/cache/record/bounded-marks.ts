// Notes of an isolate by key. Clients choose these keys, so the total size is limited.
import { LRUCache } from "lru-cache";

const usualBytesMax = 1_048_576;

/** A map from names to marks, which evicts the least recently used mark. */
export class BoundedMarks<Mark extends number | string | object> extends LRUCache<string, Mark> {
  /**
   * @param bytesMax the size limit of all names, with overhead
   * @param textOf returns the text in a mark that a client or origin chooses. Its size also counts
   */
  constructor(bytesMax = usualBytesMax, textOf?: (mark: Mark) => string) {
    super({
      maxSize: bytesMax,
      sizeCalculation: (mark, name) => textBytes(name) + (textOf ? textBytes(textOf(mark)) : 0),
    });
  }
}

/** Estimates the size of a string: two bytes per character, and overhead. */
function textBytes(text: string): number {
  return 64 + 2 * text.length;
}
