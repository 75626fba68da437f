/** The type of data that nobody changes once it is made. */
export type Immutable<Data> = Data extends object
  ? { readonly [Name in keyof Data]: Immutable<Data[Name]> }
  : Data;
