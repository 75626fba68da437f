// Splits Cache-Control into directives. Accepts quoted strings and empty members (RFC 9111 §5.2,
// RFC 9110 §5.6.1, §5.6.4).

export interface Directive {
  /** The name in lower case, because names are case-insensitive (RFC 9111 §5.2). */
  readonly name: string;
  /** The argument without its quotes and escapes; `undefined` if there is none. */
  readonly argument: string | undefined;
}

export interface WrittenDirective extends Directive {
  /** The original text, so that the remaining directives can be written back unchanged. */
  readonly text: string;
}

const directivePattern = /(?:[^",]|"(?:[^"\\]|\\[^])*"?)+/g;
/** A token (RFC 9110 §5.6.2). Names of fields and directives are tokens. */
export const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Directives that apply even in malformed members. Ignoring one of them could expose a private
 * response.
 */
const restricting =
  /^(?:no-store|no-cache|private|must-revalidate|proxy-revalidate|max-age|s-maxage)(?![\w-])/i;

/**
 * Returns the directives in order, including repeats. Never throws.
 *
 * A member whose name is not a token is dropped, unless it begins with a restricting directive, as
 * in `no-store; no-cache` or `private =x`. This directive applies without an argument. Restricting
 * directives inside an unclosed quoted string also apply without an argument.
 *
 * @param text the combined field value; `null` if the field is absent
 */
export function parseDirectives(text: string | null): WrittenDirective[] {
  const directives: WrittenDirective[] = [];
  for (const trimmed of membersOf(text)) {
    const equalsAt = trimmed.indexOf("=");
    const name = (equalsAt === -1 ? trimmed : trimmed.slice(0, equalsAt)).toLowerCase();
    if (tokenPattern.test(name)) {
      const argument = equalsAt === -1 ? undefined : unquote(trimmed.slice(equalsAt + 1));
      directives.push({ name, argument, text: trimmed });
    } else {
      directives.push(...restrictingFirst(trimmed));
    }
    if (isUnclosed(trimmed)) {
      directives.push(...trimmed.split(/[",]/).slice(1).flatMap(restrictingFirst));
    }
  }
  return directives;
}

/**
 * Returns the trimmed members, separated at commas outside quoted strings. Members may be empty.
 */
export function membersOf(text: string | null): string[] {
  return [...(text?.matchAll(directivePattern) ?? [])].map(([member]) => member.trim());
}

function restrictingFirst(malformed: string): WrittenDirective[] {
  const text = malformed.trim();
  const found = restricting.exec(text);
  return found === null ? [] : [{ name: found[0].toLowerCase(), argument: undefined, text }];
}

/**
 * Returns whether a member has an unclosed quote. Only the last member can have an unclosed quote,
 * because the quote extends to the end of the text.
 */
function isUnclosed(member: string): boolean {
  return member.replaceAll(/\\[^]/g, "").split('"').length % 2 === 0;
}

function unquote(argument: string): string {
  if (!argument.startsWith('"')) return argument;
  return argument.slice(1, argument.endsWith('"') ? -1 : undefined).replaceAll(/\\([^])/g, "$1");
}
