import { MetadataScanner } from '@nestjs/core';
import { ENDPOINT, type EndpointContract } from './endpoint.ts';

const scanner = new MetadataScanner();

/** The methods of a controller that carry `@Endpoint`, with their contracts. @param prototype of the controller's class */
export const endpointsOf = (prototype: object): { readonly method: string; readonly contract: EndpointContract }[] =>
  scanner.getAllMethodNames(prototype).flatMap((method) => {
    const handler = (prototype as Record<string, unknown>)[method];
    if (typeof handler !== 'function') return [];
    const contract = Reflect.getMetadata(ENDPOINT, handler) as EndpointContract | undefined;
    return contract === undefined ? [] : [{ method, contract }];
  });
