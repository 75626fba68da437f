// Puts a seeded story's body together from its opening and the paragraphs of its section.
import { background, closings } from "./background.ts";
import type { Phrases, Story } from "./story.ts";

const backgroundParagraphs = 7;

/**
 * The same body for the same place in the section, always: paragraphs are taken in rotation.
 *
 * @param given.index the story's place in its section, from 0
 */
export function composeBody(given: { story: Story; index: number; phrases: Phrases }): string {
  const { story, index, phrases } = given;
  // The first introduces the person whom the others call by surname.
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
