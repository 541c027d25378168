// Says on the page what a browser says only in its console: that it did not give us the key.
document.addEventListener('allauth.error', event => {
  const text = document.getElementById('webauthn-error')
  if (!text) return
  event.preventDefault()
  text.hidden = false
})
