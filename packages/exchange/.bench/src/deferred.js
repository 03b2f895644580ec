/** `Promise.withResolvers` of newer Node versions; a rejection that nobody waits for yet is not an unhandled one. */
export function createDeferred() {
    let resolve = () => { };
    let reject = () => { };
    const promise = new Promise((onValue, onError) => {
        resolve = onValue;
        reject = onError;
    });
    promise.catch(() => { });
    return { promise, resolve, reject };
}
//# sourceMappingURL=deferred.js.map