// The shape of a seeded story: its own words, and what its section's paragraphs need from it.

export interface Story {
  slug: string;
  title: string;
  lede: string;
  authorId: string;
  /** The first paragraph. */
  opening: string;
  // From here on, what fills {place} and so on in the paragraphs of the section.
  place: string;
  /** First and last name; {surname} is the last word. */
  person: string;
  role: string;
  group: string;
  /** A noun phrase for the middle of a sentence, such as "the new breakwater". */
  thing: string;
  /** A number with its unit, such as "412 metres". */
  figure: string;
}

/** What the stories of one section share; {person} and so on are filled from a story's slots. */
export interface Phrases {
  paragraphs: readonly string[];
  quotes: readonly string[];
  headings: readonly string[];
}
