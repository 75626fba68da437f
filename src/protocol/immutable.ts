/** Makes a type deeply readonly. */
export type Immutable<Data> = Data extends object
  ? { readonly [Name in keyof Data]: Immutable<Data[Name]> }
  : Data;
