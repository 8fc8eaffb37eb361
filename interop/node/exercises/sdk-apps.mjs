// An administrator's program makes an application by Okta's SDK, assigns it, and finds all that in the System Log.
import { asking, exercise } from '../exercise.mjs';

const intranet = {
  name: 'oidc_client',
  label: 'Intranet',
  signOnMode: 'OPENID_CONNECT',
  credentials: { oauthClient: { token_endpoint_auth_method: 'client_secret_post' } },
  settings: {
    oauthClient: {
      application_type: 'web',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: ['https://intranet.test/callback'],
      initiate_login_uri: 'https://intranet.test/login',
      idp_initiated_login: { mode: 'SPEC', default_scope: ['openid'] },
    },
  },
};

await exercise('@okta/okta-sdk-nodejs', async ({ Client }, { issuer, api_token, person }) => {
  const client = new Client({ orgUrl: issuer, token: api_token });
  const { applicationApi, groupApi, systemLogApi, userApi } = client;
  return asking(async () => {
    const began = new Date(Date.now() - 60_000);
    const app = await applicationApi.createApplication({ application: intranet });
    const group = await groupApi.createGroup({ group: { profile: { name: 'Intranet' } } });
    await applicationApi.assignGroupToApplication({ appId: app.id, groupId: group.id });
    await groupApi.assignUserToGroup({ groupId: group.id, userId: person.id });
    const assigned = await applicationApi.getApplicationUser({ appId: app.id, userId: person.id });
    const tiles = await collected(await userApi.listAppLinks({ userId: person.id }));
    await applicationApi.deactivateApplication({ appId: app.id });
    const { status } = await applicationApi.getApplication({ appId: app.id });

    const filter = `target.id eq "${app.id}"`;
    const asked = { since: began.toISOString(), filter, limit: 2 };
    const events = [];
    // The log always has a next page: a reader ends at the first that is empty.
    await (await systemLogApi.listLogEvents(asked)).each((event) => { events.push(event); });
    return {
      id: app.id,
      status: app.status,
      client_id: app.credentials.oauthClient.client_id,
      secret_length: app.credentials.oauthClient.client_secret?.length,
      settings: app.settings.oauthClient,
      assigned: { id: assigned.id, scope: assigned.scope },
      tiles: tiles.map(({ label, linkUrl }) => ({ label, linkUrl })),
      deactivated: status,
      events: events.map(({ eventType, outcome }) => `${eventType} ${outcome.result}`),
    };
  });
});

async function collected(collection) {
  const items = [];
  await collection.each((item) => { items.push(item); });
  return items;
}
