/** What JSON lets stand as it is, and what a terminal would obey: DEL, C1, separators of lines, marks of direction. */
const UNESCAPED = /[\x7f-\x9f\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** A line of JSON that says the same, without a character that could control the terminal that it may be shown on. */
export const jsonLine = (value: unknown): string => `${JSON.stringify(value).replace(UNESCAPED, escaped)}\n`;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
