// Marks per key, path or URL. Clients choose these texts, so their total size is limited.
import { LRUCache } from "lru-cache";

const usualBytesMax = 1_048_576;

/** A map from names to marks that evicts the least recently used. */
export class BoundedMarks<Mark extends number | string | object> extends LRUCache<string, Mark> {
  /**
   * @param bytesMax limit for all names, with overhead
   * @param textOf   text in a mark that a client or origin chooses; it counts like a name
   */
  constructor(bytesMax = usualBytesMax, textOf?: (mark: Mark) => string) {
    super({
      maxSize: bytesMax,
      sizeCalculation: (mark, name) => textBytes(name) + (textOf ? textBytes(textOf(mark)) : 0),
    });
  }
}

/** A rough estimate: two bytes a character, and overhead. */
function textBytes(text: string): number {
  return 64 + 2 * text.length;
}
