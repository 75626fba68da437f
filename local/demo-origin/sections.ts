// The four sections of the paper, in the order in which the navigation shows them.

import { type Section, sections } from "../../examples/news-worker/stories/seed-articles.ts";

export { type Section, sections };

export function isSection(text: string): text is Section {
  return sections.some((section) => section === text);
}

export const sectionTitle: Readonly<Record<Section, string>> = {
  harbour: "Harbour",
  town: "Town",
  science: "Science",
  culture: "Culture",
};
