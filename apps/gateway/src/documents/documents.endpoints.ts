import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { PAGE_HEADERS } from './page.ts';

const TAG = 'Documents';
const Document = Type.Record(Type.String(), Type.Unknown());

export const openApiDocument = endpoint({
  method: 'GET',
  path: '/openapi.json',
  operation: 'openApiDocument',
  tag: TAG,
  summary: 'This API as OpenAPI 3.1',
  auth: 'public',
  answers: { 200: { description: 'The OpenAPI document, made from the code that serves it.', schema: Document } },
  problems: [],
});

export const eventCatalog = endpoint({
  method: 'GET',
  path: '/events/catalog',
  operation: 'eventCatalog',
  tag: TAG,
  summary: 'Every published event with the JSON Schema of its data',
  auth: 'admin',
  answers: { 200: { description: 'The catalog.', schema: Document } },
  problems: [],
});

export const eventTypes = endpoint({
  method: 'GET',
  path: '/event-types',
  root: true,
  operation: 'eventTypes',
  tag: TAG,
  summary: 'The catalog of events, for people',
  auth: 'public',
  answers: { 200: { description: 'A page for people.', schema: Type.String(), media: PAGE_HEADERS['content-type'] } },
  problems: [],
});

export const asyncApiDocument = endpoint({
  method: 'GET',
  path: '/asyncapi.json',
  operation: 'asyncApiDocument',
  tag: TAG,
  summary: 'The published events as AsyncAPI 3',
  auth: 'admin',
  answers: { 200: { description: 'The AsyncAPI document.', schema: Document } },
  problems: [],
});
