'use strict';
const answer = document.getElementById('post-message');
const members = {};
for (const member of answer.querySelectorAll('input')) {
  members[member.name] = member.value;
}
const opener = window.opener || (window.parent !== window ? window.parent : null);
if (opener) {
  opener.postMessage(members, answer.dataset.origin);
}
