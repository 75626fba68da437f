// Finds the tags of ESI 1.0 in a page: `include`, `remove`, `comment` and `<!--esi … -->`.
/** A tag in whose place a fragment stands. */
export interface Include {
  /** A reference to the fragment, and one to another fragment if the first fails. */
  readonly sources: readonly [string, ...string[]];
  /** Whether nothing stands in the place of a fragment that fails: `onerror="continue"`. */
  readonly mayFail: boolean;
}

/** A page in pieces: bytes to send unchanged, and includes. */
export interface Template {
  readonly pieces: readonly (Uint8Array | Include)[];
  /** Whether the page has a tag that is replaced or removed. */
  readonly hasTags: boolean;
  /** Whether the page has an ESI tag that is left as it is, because it is malformed or unknown. */
  readonly isMalformed: boolean;
}

// A tag ends at the next "<", so no text is read twice, however many broken tags a page has.
const attribute = String.raw`\s+[\w:.-]{1,64}\s*=\s*(?:"[^"<]{0,4096}"|'[^'<]{0,4096}')`;
/** The second group is the end of an element without content. */
const closing = String.raw`(?:(/\s*>|>\s*</esi:\1\s*>)|>)`;
const tagForm = String.raw`<esi:(include|comment|remove)(?:${attribute}){0,16}\s*${closing}`;
/** Returns one character for each byte. */
const bytesAsText = new TextDecoder("latin1");
const utf8 = new TextDecoder();
const attributeForm = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/**
 * Reads a page, in a time that is linear in its length. Tags stand anywhere, also in scripts and HTML
 * comments.
 */
export function readTemplate(page: Uint8Array): Template {
  const text = bytesAsText.decode(page);
  const pieces: (Uint8Array | Include)[] = [];
  const marks = /<\/?esi:|<!--esi\b|-->/g;
  const tag = new RegExp(tagForm, "y");
  const endAfter = endFinder(text);
  let [keptTo, openTo, isMalformed, includeCount] = [0, -1, false, 0];
  const cut = (from: number, to: number, include?: Include) => {
    if (from > keptTo) pieces.push(page.subarray(keptTo, from));
    if (include !== undefined) pieces.push(include);
    keptTo = marks.lastIndex = to;
  };
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    const { index: at, 0: found } = mark;
    // A comment within a comment is text: the first end closes the outer one.
    if (found === "<!--esi" && at < openTo) continue;
    if (found === "-->") {
      if (at === openTo) cut(at, at + found.length);
      continue;
    }
    if (includeCount === includesReadMax) {
      isMalformed = true;
      break;
    }
    tag.lastIndex = at;
    const [whole = "", name, ended] = tag.exec(text) ?? [];
    const bytes = page.subarray(at, at + whole.length);
    const include = name === "include" ? includeIn(utf8.decode(bytes)) : undefined;
    if (include !== undefined) includeCount += 1;
    if (include !== undefined || name === "comment" || (name === "remove" && ended !== undefined)) {
      cut(at, at + whole.length, include);
      continue;
    }
    const endForm = found === "<!--esi" ? commentEnd : name === "remove" ? removalEnd : undefined;
    const end = endForm === undefined ? undefined : endAfter(endForm, at);
    if (end === undefined) {
      isMalformed = true;
    } else if (endForm === commentEnd) {
      openTo = end.index;
      cut(at, at + found.length);
    } else {
      cut(at, end.index + end[0].length);
    }
  }
  const hasTags = keptTo > 0;
  cut(page.length, page.length);
  return { pieces, hasTags, isMalformed };
}

/** The rest of a page with more includes is left as it is, because reading each include takes time. */
const includesReadMax = 1_001;

const commentEnd = "-->";
const removalEnd = String.raw`</esi:remove\s*>`;

/** Returns a function that finds an end after an index, and searches in vain only once. */
function endFinder(text: string): (form: string, from: number) => RegExpExecArray | undefined {
  const absent = new Set<string>();
  return (form, from) => {
    if (absent.has(form)) return undefined;
    const end = new RegExp(form, "g");
    end.lastIndex = from;
    const found = end.exec(text);
    if (found === null) absent.add(form);
    return found ?? undefined;
  };
}

/** Returns the include of a tag; `undefined` without `src`. */
function includeIn(tag: string): Include | undefined {
  const attributes: Record<string, string> = {};
  for (const [, name = "", quoted, plain = ""] of tag.matchAll(attributeForm)) {
    attributes[name] = unescaped(quoted ?? plain).trim();
  }
  const { src, alt, onerror } = attributes;
  if (src === undefined || src === "") return undefined;
  return { sources: alt === undefined ? [src] : [src, alt], mayFail: onerror === "continue" };
}

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

function unescaped(text: string): string {
  return text.replaceAll(/&(?:(amp|lt|gt|quot|apos)|#(\d{1,5})|#x([\da-f]{1,4}));/gi, (...of) => {
    const [, name, decimal, hex] = of as (string | undefined)[];
    if (name !== undefined) return entities[name.toLowerCase()] ?? "";
    return String.fromCharCode(Number(decimal ?? `0x${hex}`));
  });
}
