/** A property that an object itself holds as data: a getter, which could throw, is not run. */
export function ownProperty(object: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(object, name)?.value;
}
