// Lets boxes be drawn on a page, by mouse, pen, finger or keyboard. They are kept in the field below the page, a line
// each of left, top, right and bottom in percent; without this script they are typed there.
const page = document.querySelector('[data-redact]')
const field = page && document.getElementById(page.dataset.redact)

if (page && field) {
  const status = document.createElement('p')
  status.setAttribute('role', 'status')
  status.className = 'of-quiet'
  const adder = document.createElement('button')
  adder.type = 'button'
  adder.textContent = 'Add a box'
  const help = document.createElement('p')
  help.className = 'of-quiet'
  help.textContent = 'Draw on the page, or add a box: arrow keys move it, Shift and arrow keys change its size, ' +
    'Alt makes the steps small, Delete removes it.'
  page.after(help, adder, status)
  let boxes = []

  const clamp = (number, low, high) => Math.min(Math.max(number, low), high)
  const tidy = number => Number(number.toFixed(2))
  const read = () => field.value.split('\n').map(line => line.trim().split(/[\s,;]+/).map(Number))
    .filter(box => box.length === 4 && box.every(Number.isFinite))
  const write = () => { field.value = boxes.map(box => box.map(tidy).join(' ')).join('\n') }

  const place = (element, box) => {
    element.style.left = `${box[0]}%`
    element.style.top = `${box[1]}%`
    element.style.width = `${box[2] - box[0]}%`
    element.style.height = `${box[3] - box[1]}%`
    element.setAttribute('aria-label', `Box: left ${tidy(box[0])}, top ${tidy(box[1])}, right ${tidy(box[2])}, ` +
      `bottom ${tidy(box[3])} percent`)
  }

  const add = box => {
    const element = document.createElement('button')
    element.type = 'button'
    element.className = 'of-box'
    element.addEventListener('keydown', event => move(event, element, box))
    place(element, box)
    page.append(element)
    return element
  }

  const draw = () => {
    page.querySelectorAll('.of-box').forEach(element => element.remove())
    boxes = read()
    boxes.forEach(add)
  }

  const move = (event, element, box) => {
    const step = event.altKey ? 0.1 : 1
    const steps = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }
    if (event.key === 'Delete' || event.key === 'Backspace') {
      boxes = boxes.filter(other => other !== box)
      element.remove()
      adder.focus()
      status.textContent = 'The box is gone.'
    } else if (steps[event.key]) {
      const [across, down] = steps[event.key]
      if (event.shiftKey) {
        box[2] = clamp(box[2] + across, box[0] + 0.2, 100)
        box[3] = clamp(box[3] + down, box[1] + 0.2, 100)
      } else {
        const right = clamp(across, -box[0], 100 - box[2])
        const below = clamp(down, -box[1], 100 - box[3])
        box[0] += right; box[2] += right; box[1] += below; box[3] += below
      }
      place(element, box)
    } else return
    event.preventDefault()
    write()
  }

  const at = event => {
    const frame = page.getBoundingClientRect()
    return [clamp((event.clientX - frame.left) / frame.width * 100, 0, 100),
      clamp((event.clientY - frame.top) / frame.height * 100, 0, 100)]
  }

  page.addEventListener('pointerdown', event => {
    if (event.button !== 0 || event.target.classList.contains('of-box')) return
    event.preventDefault()
    const [x, y] = at(event)
    const box = [x, y, x, y]
    const element = add(box)
    const stretch = moved => {
      const [toX, toY] = at(moved)
      box.splice(0, 4, Math.min(x, toX), Math.min(y, toY), Math.max(x, toX), Math.max(y, toY))
      place(element, box)
    }
    const end = () => {
      page.removeEventListener('pointermove', stretch)
      if (box[2] - box[0] < 0.3 || box[3] - box[1] < 0.3) element.remove()
      else {
        boxes.push(box)
        write()
        element.focus()
      }
    }
    page.setPointerCapture(event.pointerId)
    page.addEventListener('pointermove', stretch)
    page.addEventListener('pointerup', end, { once: true })
  })

  adder.addEventListener('click', () => {
    const box = [40, 45, 60, 50]
    boxes.push(box)
    write()
    add(box).focus()
    status.textContent = 'A box stands in the middle of the page.'
  })
  field.addEventListener('input', draw)
  draw()
}
