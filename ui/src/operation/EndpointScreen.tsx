export function EndpointScreen() { return null; }
