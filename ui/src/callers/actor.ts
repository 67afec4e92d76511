import { answer, api } from '../api/client';
import type { NewActor } from '../api/types';

/** Has the server name callers. */
export const name = (actor: NewActor) => answer(api.POST('/api/v1/actors', { body: actor }));

/** Takes a name back. */
export const undo = (token: string) => answer(api.POST('/api/v1/undo/{token}', { params: { path: { token } } }));
