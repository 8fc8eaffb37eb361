// An administrator's program makes people and groups by Okta's SDK, and reads them back in pages.
import { asking, exercise } from '../exercise.mjs';

await exercise('@okta/okta-sdk-nodejs', async ({ Client, DefaultRequestExecutor }, { issuer, api_token }) => {
  // How long a call may wait for a rate limit to end; Okta's are a minute long.
  const requestExecutor = new DefaultRequestExecutor({ requestTimeout: 5000 });
  const { userApi, groupApi } = new Client({ orgUrl: issuer, token: api_token, requestExecutor });
  return asking(async () => {
    const made = [];
    for (const name of ['Ada', 'Ben', 'Cleo', 'Dan', 'Eve']) {
      const login = `${name.toLowerCase()}@pages.test`;
      const profile = { firstName: name, lastName: 'Page', email: login, login };
      const credentials = { password: { value: 'Correct-horse-5' } };
      made.push(await userApi.createUser({ body: { profile, credentials }, activate: true }));
    }
    const search = 'profile.lastName eq "Page"';
    const found = await collected(await userApi.listUsers({ search, limit: 2 }));

    const group = await groupApi.createGroup({ group: { profile: { name: 'Pages', description: 'of a book' } } });
    for (const { id } of made.slice(0, 3)) await groupApi.assignUserToGroup({ groupId: group.id, userId: id });
    await groupApi.unassignUserFromGroup({ groupId: group.id, userId: made[0].id });
    const members = await collected(await groupApi.listGroupUsers({ groupId: group.id, limit: 1 }));

    const [first] = made;
    await userApi.suspendUser({ userId: first.id });
    const { status } = await userApi.getUser({ userId: first.profile.login });
    const same = { profile: { ...first.profile, login: 'Ben@Pages.Test' }, credentials: {} };
    return {
      made: made.map(({ id }) => id).sort(),
      found: found.map(({ id }) => id).sort(),
      members: members.map(({ profile }) => profile.login).sort(),
      suspended: status,
      unknown: await refusal(userApi.getUser({ userId: '00uNobody' })),
      duplicate: await refusal(userApi.createUser({ body: same })),
    };
  });
});

async function collected(collection) {
  const items = [];
  await collection.each((item) => { items.push(item); });
  return items;
}

/** The error that the call is to end in, as the SDK reads it. */
async function refusal(call) {
  const { name, status, errorCode, errorSummary, errorCauses } = await call.then(
    () => { throw new Error('the org did what it is to refuse'); },
    (error) => error,
  );
  return { name, status, errorCode, errorSummary, errorCauses };
}
