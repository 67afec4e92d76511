/**
 * The grammar of docs/query.md, read only as far as the page needs it: where its words are, what is
 * wrong with it and where. The server has the last word.
 */

import { isField, isNumeric, nearest, type Field } from './fields';
import { checkValue, type ValueFault } from './value';

/** Characters (UTF-16 units) of the query, [start, end). */
export interface Span {
  start: number;
  end: number;
}

export type FaultKind =
  | 'condition_wanted'
  | 'unknown_field'
  | 'field_without_value'
  | 'no_comparison'
  | 'value_wanted'
  | 'unclosed_quote'
  | 'empty_quotes'
  | 'bad_escape'
  | 'unclosed_parenthesis'
  | 'stray_parenthesis'
  | 'list_wanted_or'
  | 'joiner_wanted'
  | 'too_many'
  | ValueFault;

export interface Fault extends Span {
  kind: FaultKind;
  /** What stands there. */
  text: string;
  /** What might be meant. */
  hint?: string;
}

export interface Token extends Span {
  kind: 'field' | 'operator' | 'value' | 'joiner' | 'parenthesis';
}

export interface Condition {
  field: Field;
  operator: ':' | '<' | '<=' | '>' | '>=';
  /** As it stands in the query. */
  value: string;
}

export interface Parsed {
  tokens: Token[];
  conditions: Condition[];
  fault?: Fault;
  /** Whether it must stand in parentheses before `and` joins it to something else. */
  loose: boolean;
}

const MOST_CONDITIONS = 32;

export function parse(text: string): Parsed {
  const reader = new Reader(text);
  try {
    reader.query();
    return reader.parsed;
  } catch (stop) {
    if (!(stop instanceof Stop)) throw stop;
    return { ...reader.parsed, fault: stop.fault };
  }
}

class Stop extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.kind);
    this.fault = fault;
  }
}

class Reader {
  readonly parsed: Parsed = { tokens: [], conditions: [], loose: false };
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  query(): void {
    this.blanks();
    if (this.at === this.text.length) return;
    this.either(0);
    if (this.peek() === ')') this.stop('stray_parenthesis', this.at, this.at + 1);
    if (this.at < this.text.length) this.stop('joiner_wanted', this.at, this.wordEnd());
  }

  private either(depth: number): void {
    this.both(depth);
    while (this.joiner('or')) {
      if (depth === 0) this.parsed.loose = true;
      this.both(depth);
    }
  }

  private both(depth: number): void {
    this.negation(depth);
    while (this.joiner('and')) this.negation(depth);
  }

  private negation(depth: number): void {
    while (this.joiner('not'));
    if (this.peek() !== '(') return this.condition();
    const open = this.at;
    this.parenthesis();
    this.either(depth + 1);
    this.close(open);
  }

  private condition(): void {
    const start = this.at;
    const name = /^[^\s():<>="\\!]*/.exec(this.text.slice(start))?.[0] ?? '';
    if (name === '') this.stop('condition_wanted', start, Math.max(this.wordEnd(), start + 1));
    const end = start + name.length;
    const operator = /^(:|<=|>=|<|>)/.exec(this.text.slice(end).trimStart())?.[0] as Condition['operator'] | undefined;
    if (operator === undefined) this.stop(isField(name) ? 'field_without_value' : 'condition_wanted', start, Math.max(this.wordEnd(), end));
    if (!isField(name)) this.stop('unknown_field', start, end, nearest(name));
    this.token('field', start, end);
    this.at = end;
    this.blanks();
    if (operator !== ':' && !isNumeric(name)) this.stop('no_comparison', this.at, this.at + operator.length, name);
    this.token('operator', this.at, this.at + operator.length);
    this.at += operator.length;
    this.blanks();
    if (operator === ':' && this.peek() === '(') return this.list(name);
    this.value(name, operator);
  }

  private list(field: Field): void {
    const open = this.at;
    this.parenthesis();
    this.value(field, ':');
    while (this.at < this.text.length && this.peek() !== ')') {
      if (!this.joiner('or')) this.stop('list_wanted_or', this.at, this.wordEnd());
      this.value(field, ':');
    }
    this.close(open);
  }

  private value(field: Field, operator: Condition['operator']): void {
    const start = this.at;
    if (this.peek() === '"') this.quoted(start);
    else this.bare(start);
    const raw = this.text.slice(start, this.at);
    const inner = raw.startsWith('"') ? raw.slice(1, -1) : raw;
    const fault = checkValue(field, inner, operator !== ':');
    if (fault !== undefined) this.stop(fault, start, this.at, field);
    this.token('value', start, this.at);
    this.parsed.conditions.push({ field, operator, value: raw });
    if (this.parsed.conditions.length > MOST_CONDITIONS) this.stop('too_many', start, this.at);
    this.blanks();
  }

  private quoted(start: number): void {
    for (let i = start + 1; i < this.text.length; i++) {
      const c = this.text[i];
      if (c === '\\') this.escape(i++);
      else if (c === '"') {
        if (i === start + 1) this.stop('empty_quotes', start, i + 1);
        this.at = i + 1;
        return;
      }
    }
    this.stop('unclosed_quote', start, this.text.length);
  }

  private bare(start: number): void {
    let i = start;
    while (i < this.text.length && !/[\s()"]/.test(this.text[i] ?? '')) {
      if (this.text[i] === '\\') this.escape(i++);
      i++;
    }
    const word = this.text.slice(start, i);
    if (word === '' || /^(and|or|not)$/i.test(word) || /^[<>]/.test(word)) this.stop('value_wanted', start, Math.max(i, start + 1));
    this.at = i;
  }

  private escape(at: number): void {
    if (!/["\\*]/.test(this.text[at + 1] ?? '')) this.stop('bad_escape', at, Math.min(at + 2, this.text.length));
  }

  private joiner(word: 'and' | 'or' | 'not'): boolean {
    const found = new RegExp(`^${word}(?=[\\s(]|$)`, 'i').test(this.text.slice(this.at));
    if (!found) return false;
    this.token('joiner', this.at, this.at + word.length);
    this.at += word.length;
    this.blanks();
    return true;
  }

  private parenthesis(): void {
    this.token('parenthesis', this.at, this.at + 1);
    this.at++;
    this.blanks();
  }

  private close(open: number): void {
    if (this.at >= this.text.length) this.stop('unclosed_parenthesis', open, open + 1);
    if (this.peek() !== ')') this.stop('joiner_wanted', this.at, this.wordEnd());
    this.parenthesis();
  }

  private token(kind: Token['kind'], start: number, end: number): void {
    this.parsed.tokens.push({ kind, start, end });
  }

  private peek(): string | undefined {
    return this.text[this.at];
  }

  private blanks(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at++;
  }

  private wordEnd(): number {
    const rest = /^[^\s()]+/.exec(this.text.slice(this.at));
    return this.at + Math.max(1, rest?.[0].length ?? 1);
  }

  private stop(kind: FaultKind, start: number, end: number, hint?: string): never {
    const text = this.text.slice(start, end);
    throw new Stop({ kind, start, end: Math.min(Math.max(end, start + 1), Math.max(this.text.length, start + 1)), text, ...(hint === undefined ? {} : { hint }) });
  }
}
