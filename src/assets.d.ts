/**
 * Files that are imported to be embedded in the executable: with `type: 'text'` the import is the
 * content, with `type: 'file'` a path that can be read from inside the binary. Never import one
 * file both ways: Bun then gives the path twice.
 */
declare module '*.sql' {
  const text: string;
  export default text;
}

declare module '*.md' {
  const text: string;
  export default text;
}

declare module '*.wasm' {
  const path: string;
  export default path;
}

declare module '*.ttf' {
  const path: string;
  export default path;
}

declare module 'moment-timezone/data/packed/latest.json' {
  const path: string;
  export default path;
}
