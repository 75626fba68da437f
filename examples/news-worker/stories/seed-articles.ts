// Creates the articles of the seed from the JSON files in this folder. The body of an article
// consists of its own opening and of paragraphs of its section.
import { readFileSync } from "node:fs";

export const sections = ["harbour", "town", "science", "culture"] as const;
export type Section = (typeof sections)[number];

interface Story {
  readonly slug: string;
  readonly title: string;
  readonly lede: string;
  readonly authorId: string;
  /** The first paragraph of the body. */
  readonly opening: string;
  // The following members replace {place}, {person} and so on in the paragraphs of the section.
  readonly place: string;
  /** The first and last name. The last word replaces {surname}. */
  readonly person: string;
  readonly role: string;
  readonly group: string;
  /** A noun phrase for the middle of a sentence, such as "the new breakwater". */
  readonly thing: string;
  /** A number with its unit, such as "412 metres". */
  readonly figure: string;
}

interface Phrases {
  readonly paragraphs: readonly string[];
  readonly quotes: readonly string[];
  readonly headings: readonly string[];
}

export interface SeedArticle {
  readonly slug: string;
  readonly title: string;
  readonly lede: string;
  readonly body: string;
  readonly section: Section;
  readonly authorId: string;
  readonly publishedAtMs: number;
}

export const newestAtMs = Date.UTC(2026, 10, 16, 7, 30);
const betweenArticlesMs = 5 * 3_600_000 + 17 * 60_000;

/**
 * Returns sixty articles, the newest first. The sections take turns, so that the front page shows
 * all four.
 */
export function seedArticles(): SeedArticle[] {
  const articles = sections.flatMap((section, sectionAt) => {
    const { stories, phrases } = read(section) as { stories: Story[]; phrases: Phrases };
    return stories.map((story, index) => {
      const { slug, title, lede, authorId } = story;
      const body = composeBody({ story, index, phrases });
      const place = index * sections.length + sectionAt;
      const publishedAtMs = newestAtMs - place * betweenArticlesMs;
      return { slug, title, lede, body, section, authorId, publishedAtMs };
    });
  });
  return articles.sort((one, other) => other.publishedAtMs - one.publishedAtMs);
}

export interface SeedAuthor {
  readonly id: string;
  readonly name: string;
  readonly beat: string;
}

export const seedAuthors = (): SeedAuthor[] => read("authors") as SeedAuthor[];

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), "utf8"));
}

const { background, closings } = read("all-sections") as {
  background: string[];
  closings: string[];
};
const backgroundParagraphs = 7;

/**
 * Composes the body of an article. The same index always gives the same body, because paragraphs
 * are chosen in rotation.
 *
 * @param given.index the story's place in its section, from 0
 */
function composeBody(given: { story: Story; index: number; phrases: Phrases }): string {
  const { story, index, phrases } = given;
  // The first paragraph introduces the person, whom the others call by surname.
  const [introduction = "", ...others] = phrases.paragraphs;
  const own = [introduction, ...rotate(others, index * 5, others.length)];
  const around = rotate(background, index * 3, backgroundParagraphs);
  const [heading, secondHeading] = rotate(phrases.headings, index * 2, 2);
  const blocks = [
    story.opening,
    ...own.slice(0, 2),
    `> ${rotate(phrases.quotes, index, 1).join()}`,
    ...around.slice(0, 2),
    `## ${heading}`,
    ...own.slice(2, 5),
    ...around.slice(2, 4),
    `## ${secondHeading}`,
    ...own.slice(5),
    ...around.slice(4),
    ...rotate(closings, index, 1),
  ];
  return fill(blocks.join("\n\n"), story);
}

function rotate(from: readonly string[], start: number, count: number): string[] {
  return Array.from({ length: count }, (_, at) => from[(start + at) % from.length] ?? "");
}

function fill(template: string, story: Story): string {
  const surname = story.person.split(" ").at(-1) ?? story.person;
  const words: Record<string, string> = { ...story, surname };
  return template.replaceAll(/\{(\w+)\}/g, (slot, name: string, at: number) => {
    const word = words[name] ?? slot;
    const opensSentence = /(?:^|\n|[.?!]”? )$/.test(template.slice(0, at));
    return opensSentence ? word.charAt(0).toUpperCase() + word.slice(1) : word;
  });
}
