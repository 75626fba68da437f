// The four sections of the paper, in the order in which the navigation shows them.

export const sections = ["harbour", "town", "science", "culture"] as const;

export type Section = (typeof sections)[number];

export function isSection(text: string): text is Section {
  return sections.some((section) => section === text);
}

export const sectionTitle: Readonly<Record<Section, string>> = {
  harbour: "Harbour",
  town: "Town",
  science: "Science",
  culture: "Culture",
};
