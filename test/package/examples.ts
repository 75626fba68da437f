// The files in a document: code blocks whose first line is a comment with a file name.

interface ExampleFile {
  readonly name: string;
  readonly content: string;
}

/** @param text the text of a document in Markdown */
export function filesIn(text: string): ExampleFile[] {
  const blocks = text.matchAll(/^```\w+\n(?:\/\/|#) ([\w.-]+)\n(.*?)^```$/gms);
  return [...blocks].map(([, name = "", content = ""]) => ({ name, content }));
}
