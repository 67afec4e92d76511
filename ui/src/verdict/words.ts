import { answer, api } from '../api/client';
import type { NewWord } from './types';

/** Writes down what an owner says. */
export const say = (word: NewWord) => answer(api.POST('/api/v1/words', { body: word }));

/** Takes a word back. */
export const takeBack = (id: number) => answer(api.DELETE('/api/v1/words/{id}', { params: { path: { id } } }));
